"""POPGym's tasks as pure JAX functions, one file a task (Morad et al. 2023, arXiv:2303.01859).

POPGym is a set of partially observable tasks written for NumPy; these are the same tasks, held against the
package ``popgym`` 1.0.7 step by step. What a task is called, sees and lets one set is plain data in
:mod:`.table` and :mod:`.difficulties`; importing those, or this package, starts no JAX.

Two conventions hold for all tasks. A discrete observation is shown one-hot, entry i being POPGym's value i;
several of them stand one after the other. And an episode ends as POPGym says it does: the card games
*terminate* with their last card, the endless tasks (cart poles, bandits) are *truncated* when time runs out.
"""
