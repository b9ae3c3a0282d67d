/* What a Cortex-M4 does from reset to main, and how a program speaks to its emulator (Arm's semihosting). */
#include <stdint.h>

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];
int main(void);

static int32_t semihost(int32_t operation, const void *argument)
{
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void say(const char *text) { semihost(0x04, text); }

void leave(void)
{
  semihost(0x18, (void *)0x20026); /* the application ends */
  for (;;) {}
}

void reset(void)
{
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* let the floating-point unit work */
  __asm__ volatile("dsb\n isb");
  for (uint32_t *to = data_start, *from = data_load; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  main();
  leave();
}

void fault(void)
{
  say("fault\n");
  leave();
}

__attribute__((section(".vectors"), used)) static const void *vectors[16] = {
  stack_top, reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
};
