"""Algorithm 1 of RTRRL in plain NumPy: the oracle that both simulators are held against.

Lemmel & Grosu, *Real-Time Recurrent Reinforcement Learning*, AAAI 2025 (arXiv 2311.04830), Algorithm 1: a
CT-RNN whose recurrent weights learn by RFLO (Murray 2019), a softmax actor and a linear critic that learn by
TD(lambda) with accumulating traces, an entropy term, and feedback alignment; Adam or plain gradient ascent.

It is written from the paper's equations and the documented order of a tick, shares no code with the package,
and is meant to be read next to the paper, so it keeps the paper's symbols. Arrays are (post, pre).

    h      (n,)           membrane state
    J      like W, tau    local Jacobian trace: what h owes to a weight, or to tau / T
    e      like W, tau    eligibility trace
    pi, v  (A,), scalar   policy, value
    delta  scalar         TD error

    W_in   (n, inputs)    from [observation, onehot(action), reward]
    W_rec  (n, n)         recurrent
    bias   (n,)
    tau    (n,)           time constants, in seconds
    W_A    (A, n)         actor;  its feedback is B_A (n, A)
    W_C    (1, n)         critic; its feedback is B_C (n, 1)
    b_A    (A,)           read-out biases, as b_C (1,): only where given
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CORTICAL = ("W_in", "W_rec", "bias", "tau")
READOUT = ("W_A", "W_C", "b_A", "b_C")


@dataclass(frozen=True)
class Rule:
    """How one parameter learns; a parameter without a rule does not."""

    learning_rate: float = 1e-3
    trace_decay: float = 0.99  # lambda
    entropy_rate: float = 1e-5  # eta_H
    optimiser: str = "adam"  # or "sgd"
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8


def rules_of_the_paper(*names: str, **changes) -> dict[str, Rule]:
    """Return the paper's settings (Table 1) for these parameters; by default for all but read-out biases."""
    return {name: Rule(**changes) for name in names or (*CORTICAL, "W_A", "W_C")}


class RTRRL:
    """The agent, driven tick by tick with the environment's answers.

    Parameters
    ----------
    parameters : dict of array
        Initial ``W_in, W_rec, bias, tau, W_A, W_C`` and, if wanted, ``b_A, b_C``.
    rules : dict of Rule
        Which of them learn, and how.
    B_A, B_C : array, optional
        Fixed feedback weights, shapes (n, A) and (n, 1); not needed when ``feedback`` is ``"symmetric"``.
    feedback : {"alignment", "symmetric"}
        ``"symmetric"`` puts the current read-out weights in the place of B (weight transport).
    masks : dict of array, optional
        0 where a synapse does not exist, by parameter name.
    decision_interval, steps : float, int
        T in seconds, and the number k of Euler steps in it; dt = T / k.
    discount, actor_gain, critic_gain, dopamine_gain : float
        gamma; eta_A; the factor on the critic's feedback; the factor on delta.
    tau_minimum : float, optional
        Lower bound of tau in seconds.
    dtype : numpy dtype
        Everything is kept and computed in it.
    """

    def __init__(
        self,
        parameters,
        rules,
        *,
        B_A=None,
        B_C=None,
        feedback="alignment",
        masks=None,
        decision_interval=1.0,
        steps=1,
        discount=0.99,
        actor_gain=1.0,
        critic_gain=1.0,
        dopamine_gain=1.0,
        tau_minimum=None,
        dtype=np.float64,
    ):
        self.dtype = number = np.dtype(dtype).type
        array = lambda values: np.array(values, dtype=number)  # noqa: E731  a copy, always
        self.mask = {name: array(mask) for name, mask in (masks or {}).items()}
        self.w = {name: array(values) * self.mask.get(name, number(1)) for name, values in parameters.items()}
        self.rules = dict(rules)
        self.feedback = feedback
        self.B_A, self.B_C = (None, None) if feedback == "symmetric" else (array(B_A), array(B_C))
        self.T, self.k = number(decision_interval), int(steps)
        self.dt = number(decision_interval / steps)
        self.gamma, self.eta_A = number(discount), number(actor_gain)
        self.critic_gain, self.dopamine_gain = number(critic_gain), number(dopamine_gain)
        self.tau_minimum = None if tau_minimum is None else number(tau_minimum)
        self.n, self.A = len(self.w["tau"]), len(self.w["W_A"])

        zeros = {name: np.zeros_like(values) for name, values in self.w.items()}
        self.h = np.zeros(self.n, number)
        self.J = {name: zeros[name].copy() for name in CORTICAL}
        self.e = {name: zeros[name].copy() for name in zeros}
        self.m = {name: zeros[name].copy() for name in zeros}  # Adam's first moment
        self.s = {name: zeros[name].copy() for name in zeros}  # Adam's second moment
        self.beta_1_power = {name: number(1) for name in zeros}
        self.beta_2_power = {name: number(1) for name in zeros}
        self.v_previous = number(0)
        self.action = 0

    def tick(self, observation, reward, terminated, first, action_uniform) -> dict:
        """Take the environment's answer to the last action; return every variable as it is after the tick.

        Parameters
        ----------
        observation : array (observations,)
        reward : float
        terminated : bool
            True if the episode ended by itself. A truncated one passes False, so that its last value counts.
        first : bool
            True on the first tick of an episode: state and traces restart, nothing is learned.
        action_uniform : float
            The number in [0, 1) that draws the action.
        """
        number = self.dtype

        # 1. The first tick of an episode starts from rest.
        if first:
            self.h = np.zeros_like(self.h)
            self.J = {name: np.zeros_like(J) for name, J in self.J.items()}
            self.e = {name: np.zeros_like(e) for name, e in self.e.items()}

        # 2. The input is held for the whole interval: [o, onehot(a), r], with a and r zero on a first tick.
        efference = np.zeros(self.A, number)
        if not first:
            efference[self.action] = 1
        r = number(0 if first else reward)
        x = np.concatenate([np.asarray(observation, number).ravel(), efference, [r]]).astype(number)

        # 3. CT-RNN and RFLO.
        for _ in range(self.k):
            self._integrate(x)

        # 4. Read-out, with the weights as they stand.
        logits = self.w["W_A"] @ self.h + self.w.get("b_A", number(0))
        v = (self.w["W_C"] @ self.h + self.w.get("b_C", number(0)))[0]
        shifted = logits - logits.max()
        log_pi = shifted - np.log(np.exp(shifted).sum())
        pi = np.exp(log_pi)
        H = -(pi * log_pi).sum()
        self.action = min(int((np.cumsum(pi) <= number(action_uniform)).sum()), self.A - 1)

        # What this tick adds to the traces (g), and its entropy gradient: both before any weight moves.
        error_A = -pi
        error_A[self.action] += 1  # grad_logits log pi(a)
        entropy_error = -pi * (log_pi + H)  # grad_logits H
        B_A = self.w["W_A"].T if self.feedback == "symmetric" else self.B_A
        B_C = self.w["W_C"].T if self.feedback == "symmetric" else self.B_C
        feedback = self.critic_gain * B_C[:, 0] + self.eta_A * (B_A @ error_A)
        entropy_feedback = self.eta_A * (B_A @ entropy_error)
        g = self._gradients(feedback, error_A, number(1))
        g_H = self._gradients(entropy_feedback, entropy_error, number(0))

        # 5. Dopamine.
        alive = number(0 if terminated else 1)
        delta = number(0) if first else self.dopamine_gain * (r + self.gamma * alive * v - self.v_previous)

        # 6. Weights change with the old traces; 7. then the traces are renewed.
        for name, rule in self.rules.items():
            if not first:
                self._learn(name, rule, delta * self.e[name] + number(rule.entropy_rate) * g_H[name])
            self.e[name] = self.gamma * number(rule.trace_decay) * self.e[name] + g[name]
        self.v_previous = v

        return self._variables(
            observation=x[: len(x) - self.A - 1],
            logits=logits,
            pi=pi,
            entropy=H,
            v=v,
            delta=delta,
            action=self.action,
            error_A=error_A,
            feedback=feedback,
            entropy_feedback=entropy_feedback,
        )

    def _integrate(self, x):
        """Advance h and J by one Euler step; everything on the right is the value from before the step."""
        h, J, tau = self.h, self.J, self.w["tau"]
        phi = np.tanh(self.w["W_in"] @ x + self.w["W_rec"] @ h + self.w["bias"])
        slope = 1 - phi**2
        rate = self.dt / tau
        row = rate[:, None]
        self.J = {
            "W_in": J["W_in"] + row * (slope[:, None] * x[None, :] - J["W_in"]),
            "W_rec": J["W_rec"] + row * (slope[:, None] * h[None, :] - J["W_rec"]),
            "bias": J["bias"] + rate * (slope - J["bias"]),
            "tau": J["tau"]
            + rate * ((h - phi) * self.T / tau - J["tau"]),  # of h by tau / T, so without unit
        }
        for name in self.J.keys() & self.mask.keys():
            self.J[name] = self.J[name] * self.mask[name]
        self.h = h + rate * (phi - h)

    def _gradients(self, cortex, actor, critic) -> dict:
        """Return the gradient of each parameter, given the errors at cortex (n,), actor (A,) and critic."""
        g = {name: (J.T * cortex).T for name, J in self.J.items()}
        g["W_A"] = np.outer(actor, self.h)
        g["W_C"] = critic * self.h[None, :]
        g["b_A"] = actor
        g["b_C"] = np.array([critic])
        for name in ("W_A", "W_C"):
            g[name] = g[name] * self.mask.get(name, self.dtype(1))
        return g

    def _learn(self, name, rule, gradient):
        """Climb along the gradient: alpha * gradient, or Adam's step (Kingma & Ba 2015, Algorithm 1)."""
        number = self.dtype
        step = number(rule.learning_rate) * gradient
        if rule.optimiser == "adam":
            beta_1, beta_2 = number(rule.beta_1), number(rule.beta_2)
            self.beta_1_power[name] = self.beta_1_power[name] * beta_1
            self.beta_2_power[name] = self.beta_2_power[name] * beta_2
            self.m[name] = beta_1 * self.m[name] + (1 - beta_1) * gradient
            self.s[name] = beta_2 * self.s[name] + (1 - beta_2) * gradient**2
            m_hat = self.m[name] / (1 - self.beta_1_power[name])
            s_hat = self.s[name] / (1 - self.beta_2_power[name])
            step = number(rule.learning_rate) * m_hat / (np.sqrt(s_hat) + number(rule.epsilon))
        if name == "tau":
            step = self.T * step  # tau is learned in units of T
        self.w[name] = self.w[name] + step
        if name == "tau" and self.tau_minimum is not None:
            self.w[name] = np.maximum(self.w[name], self.tau_minimum)

    def _variables(self, **of_the_tick) -> dict:
        """Return copies of all: ``h``, ``W_in`` and its ``J.W_in, e.W_in, m.W_in, s.W_in``, and so on."""
        everything = {"h": self.h, "v_previous": self.v_previous, **of_the_tick, **self.w}
        for letter, family in {"J": self.J, "e": self.e, "m": self.m, "s": self.s}.items():
            everything |= {f"{letter}.{name}": values for name, values in family.items()}
        for name in self.rules:
            everything[f"beta_1_power.{name}"] = self.beta_1_power[name]
            everything[f"beta_2_power.{name}"] = self.beta_2_power[name]
        return {name: np.array(values) for name, values in everything.items()}
