#pragma once

/// For what is rarely done in a function that is called often: as a function of its own it leaves the other one few
/// registers to save. (Compilers inline what is called once.)
#if defined(__GNUC__)
#define FLUX_OUT_OF_LINE [[gnu::noinline]]
#else
#define FLUX_OUT_OF_LINE
#endif
