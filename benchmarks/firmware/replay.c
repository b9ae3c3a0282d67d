/* Runs an exported tick on recorded inputs; says after each what it did, what its state is and what it took.
 *
 * The emulator gives every instruction 64 ns of the board's time (-icount shift=6), in which its SysTick clock counts
 * at 25 MHz: 8 counts are 5 instructions. So a difference of two readings counts instructions, to within one.
 */
#include <stdint.h>
#include "tick.h"
#include "recorded.h"

void say(const char *text);

#define CONTROL (*(volatile uint32_t *)0xe000e010)
#define RELOAD (*(volatile uint32_t *)0xe000e014)
#define CURRENT (*(volatile uint32_t *)0xe000e018)

static struct neuro_rtrrl_state state;

static void say_number(uint32_t number, char end)
{
  char text[12];
  int at = 11;
  text[at--] = 0;
  text[at--] = end;
  do {
    text[at--] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  say(text + at + 1);
}

/* Fowler, Noll and Vo's hash of the state, so that every word of it counts. */
static uint32_t hash(void)
{
  const unsigned char *byte = (const unsigned char *)&state;
  uint32_t found = 2166136261u;
  for (uint32_t i = 0; i < sizeof state; i++) found = (found ^ byte[i]) * 16777619u;
  return found;
}

static void nothing(struct neuro_rtrrl_state *s, const struct neuro_rtrrl_input *input, neuro_rtrrl_action *action)
{
  (void)s, (void)input, (void)action;
}

int main(void)
{
  neuro_rtrrl_action action[NEURO_RTRRL_ACTIONS] = {0};
  void (*volatile measured)(struct neuro_rtrrl_state *, const struct neuro_rtrrl_input *, neuro_rtrrl_action *);
  RELOAD = 0xffffff;
  CURRENT = 0;
  CONTROL = 5; /* run, on the processor's clock */
  neuro_rtrrl_start(&state);
  say_number(sizeof state, '\n');
  measured = nothing;
  uint32_t before = CURRENT;
  measured(&state, &recorded[0], action);
  say_number((before - CURRENT) & 0xffffff, '\n'); /* what measuring takes by itself */
  measured = neuro_rtrrl_tick;
  for (uint32_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++) {
    before = CURRENT;
    measured(&state, &recorded[i], action);
    const uint32_t took = (before - CURRENT) & 0xffffff;
    for (int slot = 0; slot < NEURO_RTRRL_ACTIONS; slot++) say_number((uint32_t)action[slot], ' ');
    say_number(hash(), ' ');
    say_number(took, '\n');
  }
  return 0;
}
