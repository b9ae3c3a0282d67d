"""The machines that run a lowered circuit: JAX and Brian2. Each is imported only when it is asked for."""
