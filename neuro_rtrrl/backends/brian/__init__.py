"""The Brian2 backend: NeuronGroups and Synapses, one persistent run, an operation around each decision."""

import signal
import sys
import warnings

_handler, _hook = signal.getsignal(signal.SIGINT), sys.excepthook
with warnings.catch_warnings():  # Brian2 and what it imports warn of their own dependencies' future
    warnings.simplefilter("ignore")
    import brian2

# On import, Brian2 takes over Ctrl-C and the report of errors; here a run ends at a whole decision (see
# settings.py), and an error that is not Brian2's is not reported as its bug
if _handler is not None and signal.getsignal(signal.SIGINT) is not _handler:
    signal.signal(signal.SIGINT, _handler)
sys.excepthook = _hook
brian2.prefs.core.stop_on_keyboard_interrupt = False
