"""The JAX backend: one jitted scan per chunk of decisions."""
