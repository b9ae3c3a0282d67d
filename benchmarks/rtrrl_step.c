/* One RTRRL-RFLO decision tick written by hand for one core and batch 1: the practical limit to be timed against.
 *
 *   gcc -O3 -march=native -ffast-math -DN=32 -o rtrrl_step rtrrl_step.c -lm && ./rtrrl_step 2000000
 *
 * prints "<steps> steps/s <time> us/step". Ratios mean something only within the same minute, on the same core, with
 * the same N.
 *
 * The arithmetic is that of the other peers: CT-RNN with learned time constants and bias, softmax actor, linear
 * critic, feedback alignment, accumulating traces, Adam, CartPole with positions only. Two things are less than they
 * do, both in its favour: random numbers are a bare xorshift, and an episode's end resets within the tick instead of
 * costing a first tick of its own. So it is a yardstick for speed and no reference for results. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef N
#define N 32 /* recurrent neurons */
#endif
enum {
  OBSERVED = 2,
  ACTIONS = 2,
  INPUTS = OBSERVED + ACTIONS + 1 + N + 1, /* senses, action, reward, cortex itself, bias */
  TAU = INPUTS,                            /* columns of one neuron: input weights, tau, actor, critic */
  ACTOR = TAU + 1,
  CRITIC = ACTOR + ACTIONS,
  COLUMNS = CRITIC + 1
};

/* One row per neuron, so that everything a neuron learns lies side by side. */
static float weight[N][COLUMNS], momentum[N][COLUMNS], square[N][COLUMNS], eligibility[N][COLUMNS];
static float jacobian[N][ACTOR], actor_feedback[N][ACTIONS], critic_feedback[N];
static float membrane[N], input[INPUTS], rate_of_fire[N], slope[N], next_membrane[N];

static uint64_t random_state = 88172645463325252ULL;
static inline float uniform(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (random_state >> 40) * (1.0f / 16777216.0f);
}

typedef struct { float x, x_dot, theta, theta_dot; int age; } CartPole;

/* gymnax CartPole-v1, Euler integration; returns whether the episode ended. */
static inline int environment_step(CartPole *s, int action) {
  const float force = action ? 10.0f : -10.0f, c = cosf(s->theta), sn = sinf(s->theta);
  const float push = (force + 0.05f * s->theta_dot * s->theta_dot * sn) / 1.1f;
  const float theta_acc = (9.8f * sn - c * push) / (0.5f * (4.0f / 3.0f - 0.1f * c * c / 1.1f));
  const float x_acc = push - 0.05f * theta_acc * c / 1.1f;
  s->x += 0.02f * s->x_dot;
  s->x_dot += 0.02f * x_acc;
  s->theta += 0.02f * s->theta_dot;
  s->theta_dot += 0.02f * theta_acc;
  s->age++;
  return fabsf(s->x) > 2.4f || fabsf(s->theta) > 0.2094395f || s->age >= 500;
}

static inline float small(void) { return (uniform() - 0.5f) * 0.1f; }

int main(int argc, char **argv) {
  const long steps = argc > 1 ? atol(argv[1]) : 2000000;
  const float discount = 0.99f, trace_decay = 0.99f, learning_rate = 1e-3f, entropy_rate = 1e-5f;
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < COLUMNS; j++) weight[i][j] = (uniform() - 0.5f) * 0.5f;
    weight[i][TAU] = 1 + 4 * uniform();
    for (int k = 0; k < ACTIONS; k++) actor_feedback[i][k] = uniform() - 0.5f;
    critic_feedback[i] = uniform() - 0.5f;
  }
  CartPole cart = {small(), small(), small(), small(), 0};
  float previous_value = 0, momentum_power = 1, square_power = 1;
  const float reward = 1;
  int action = 0;
  long episodes = 0;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);

  for (long t = 0; t < steps; t++) {
    const int done = environment_step(&cart, action);
    const float alive = done ? 0 : 1;
    if (done) {
      cart = (CartPole){small(), small(), small(), small(), 0};
      episodes++;
      memset(membrane, 0, sizeof membrane);
      memset(jacobian, 0, sizeof jacobian);
    }

    /* cortex, h' = h + (phi(W x) - h)/tau, and its local Jacobian traces (RFLO) */
    input[0] = cart.x;
    input[1] = cart.theta;
    for (int k = 0; k < ACTIONS; k++) input[OBSERVED + k] = (action == k) * alive;
    input[OBSERVED + ACTIONS] = reward * alive;
    for (int i = 0; i < N; i++) input[OBSERVED + ACTIONS + 1 + i] = membrane[i];
    input[INPUTS - 1] = 1;
    for (int i = 0; i < N; i++) {
      float drive = 0;
      for (int j = 0; j < INPUTS; j++) drive += weight[i][j] * input[j];
      rate_of_fire[i] = tanhf(drive);
      slope[i] = 1 - rate_of_fire[i] * rate_of_fire[i];
    }
    float logit[ACTIONS] = {0}, value = 0;
    for (int i = 0; i < N; i++) {
      const float rate = 1 / weight[i][TAU];
      for (int j = 0; j < INPUTS; j++) jacobian[i][j] += rate * (slope[i] * input[j] - jacobian[i][j]);
      jacobian[i][TAU] += rate * ((membrane[i] - rate_of_fire[i]) * rate - jacobian[i][TAU]);
      next_membrane[i] = membrane[i] + rate * (rate_of_fire[i] - membrane[i]);
      for (int k = 0; k < ACTIONS; k++) logit[k] += next_membrane[i] * weight[i][ACTOR + k];
      value += next_membrane[i] * weight[i][CRITIC];
    }

    /* policy, action, entropy, dopamine */
    float top = logit[0], total = 0, policy[ACTIONS], log_policy[ACTIONS], entropy = 0;
    for (int k = 1; k < ACTIONS; k++) top = logit[k] > top ? logit[k] : top;
    for (int k = 0; k < ACTIONS; k++) total += expf(logit[k] - top);
    const float log_total = logf(total) + top;
    for (int k = 0; k < ACTIONS; k++) {
      log_policy[k] = logit[k] - log_total;
      policy[k] = expf(log_policy[k]);
      entropy -= policy[k] * log_policy[k];
    }
    const float noise = uniform();
    int next_action = 0;
    float cumulative = 0;
    for (int k = 0; k < ACTIONS - 1; k++) {
      cumulative += policy[k];
      next_action += noise >= cumulative;
    }
    float score[ACTIONS], entropy_score[ACTIONS];
    for (int k = 0; k < ACTIONS; k++) {
      score[k] = (next_action == k) - policy[k];
      entropy_score[k] = -entropy_rate * policy[k] * (log_policy[k] + entropy);
    }
    const float td_error = reward + discount * value * alive - previous_value;

    /* weights with the traces as they stood before this tick, then the traces */
    momentum_power *= 0.9f;
    square_power *= 0.999f;
    const float step = learning_rate / (1 - momentum_power), correction = 1 / (1 - square_power);
    const float keep = discount * trace_decay * alive;
    for (int i = 0; i < N; i++) {
      float back = critic_feedback[i], back_entropy = 0, gradient[COLUMNS], untraced[COLUMNS];
      for (int k = 0; k < ACTIONS; k++) {
        back += actor_feedback[i][k] * score[k];
        back_entropy += actor_feedback[i][k] * entropy_score[k];
      }
      /* filled in the order of the columns: measured a tenth of a tick quicker than the heads first */
      for (int j = 0; j <= TAU; j++) {
        gradient[j] = jacobian[i][j] * back;
        untraced[j] = jacobian[i][j] * back_entropy;
      }
      for (int k = 0; k < ACTIONS; k++) {
        gradient[ACTOR + k] = next_membrane[i] * score[k];
        untraced[ACTOR + k] = next_membrane[i] * entropy_score[k];
      }
      gradient[CRITIC] = next_membrane[i];
      untraced[CRITIC] = 0;
      for (int j = 0; j < COLUMNS; j++) {
        const float change = td_error * eligibility[i][j] + untraced[j];
        momentum[i][j] = 0.9f * momentum[i][j] + 0.1f * change;
        square[i][j] = 0.999f * square[i][j] + 0.001f * change * change;
        weight[i][j] += step * momentum[i][j] / (sqrtf(square[i][j] * correction) + 1e-8f);
        eligibility[i][j] = keep * eligibility[i][j] + gradient[j];
      }
      if (weight[i][TAU] < 1) weight[i][TAU] = 1;
      membrane[i] = next_membrane[i];
    }
    previous_value = value;
    action = next_action;
  }

  clock_gettime(CLOCK_MONOTONIC, &end);
  const double seconds = (end.tv_sec - start.tv_sec) + 1e-9 * (end.tv_nsec - start.tv_nsec);
  printf("%.0f steps/s %.3f us/step (N=%d, mean episode %.1f)\n", steps / seconds, seconds / steps * 1e6, N,
         (double)steps / (episodes + 1));
  return 0;
}
