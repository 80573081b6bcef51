/* Included by the compiler before every C++ file of llama.cpp (see the Makefile).

   Where the processor has AMX, GCC takes the writes that set up its tiles for dead stores, since
   its _tile_loadconfig() does not say that it reads what it is pointed at. The first product of
   matrices then ends in "Illegal instruction" (llama.cpp's pull request 26954). The empty
   statement below says that everything in memory may be read here. */
#if defined(__AMX_TILE__) && defined(__GNUC__)
#include <immintrin.h>
#define _tile_loadconfig(config) \
  do { \
    __asm__ volatile("" : : "r"(config) : "memory"); \
    (_tile_loadconfig)(config); \
  } while (0)
#endif
