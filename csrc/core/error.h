// Errors thrown by the core. The binding turns them into Python exceptions and lets penlight/errors.py add, below PyTorch's
// own key phrase, the operands and a line of help.
#pragma once
#include <cstdarg>
#include <cstdint>
#include <exception>
#include <string>

namespace pl {

enum class ErrorType : uint8_t { Runtime, Type, Value, Index, NotImplemented, Memory, Key, Assertion, LinAlg };

struct Error : std::exception {
  ErrorType type;
  const char* kind;      // the key of the help text in penlight/errors.py, "" for none
  std::string message;
  Error(ErrorType t, const char* k, std::string m) : type(t), kind(k), message(std::move(m)) {}
  const char* what() const noexcept override { return message.c_str(); }
};

// Thrown when a Python exception is already set.
struct PythonError : std::exception {};

std::string format(const char* fmt, ...) __attribute__((format(printf, 1, 2)));

[[noreturn]] void fail(ErrorType type, const char* kind, const char* fmt, ...) __attribute__((format(printf, 3, 4)));

#define PL_CHECK(cond, ...) \
  do { if (__builtin_expect(!(cond), 0)) ::pl::fail(::pl::ErrorType::Runtime, "", __VA_ARGS__); } while (0)
#define PL_CHECK_AS(type, cond, kind, ...) \
  do { if (__builtin_expect(!(cond), 0)) ::pl::fail(::pl::ErrorType::type, kind, __VA_ARGS__); } while (0)

// Sums and products of sizes that a caller gave.
inline int64_t checked_add(int64_t a, int64_t b) {
  int64_t r;
  PL_CHECK(!__builtin_add_overflow(a, b, &r), "integer overflow in %lld + %lld", (long long)a, (long long)b);
  return r;
}
inline int64_t checked_mul(int64_t a, int64_t b) {
  int64_t r;
  PL_CHECK(!__builtin_mul_overflow(a, b, &r), "integer overflow in %lld * %lld", (long long)a, (long long)b);
  return r;
}

}  // namespace pl
