// All of the scalar mathematics.
#pragma once

#include "activation.h"
#include "complex_math.h"
#include "implicit.h"
#include "integer.h"
#include "polynomials.h"
