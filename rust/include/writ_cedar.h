// C ABI of the Cedar policy engine. Text is (pointer, size) in UTF-8, borrowed for the time of the call.
// No entry lets a panic through; the sink must not throw and must copy what it keeps.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

// A validated policy set with its schema: immutable, usable from any thread.
typedef struct writ_cedar writ_cedar;

typedef struct { const char* data; size_t size; } writ_text;
typedef struct { writ_text type, id; } writ_entity;

// What a sink receives.
enum {
  WRIT_CEDAR_PROBLEM = 1,           // load: {"source":"policies"|"schema","policy","line","column","message"}
  WRIT_CEDAR_RULE = 2,              // load: {"id","effect","line","column","actions":[…],"annotations":{…}}, in text order
  WRIT_CEDAR_MATCHED = 3,           // decide: id of a satisfied permit (allow) or forbid (deny)
  WRIT_CEDAR_EVALUATION_ERROR = 4,  // decide: a policy could not be evaluated; the answer is deny
  WRIT_CEDAR_FAILURE = -1,          // why an entry failed: its input
  WRIT_CEDAR_PANIC = -2,            // why an entry failed: a defect inside
};
typedef void (*writ_cedar_sink)(void* user, int32_t kind, const char* data, size_t size);

enum { WRIT_CEDAR_DENY = 0, WRIT_CEDAR_ALLOW = 1, WRIT_CEDAR_FAILED = -1 };

typedef struct {
  writ_entity principal;
  writ_text action;    // id, such as `model.call`
  writ_entity resource;
  writ_text context;   // a JSON object of the action's context type
  writ_text entities;  // a JSON array in Cedar's entity format; empty: only the schema's actions exist
  int32_t whole_set;   // 0: the action's slice; else every policy, the reference the slices are tested against
} writ_cedar_question;

// Null when there is any problem: all are reported to the sink.
writ_cedar* writ_cedar_load(writ_text policies, writ_text schema, writ_cedar_sink sink, void* user);
void writ_cedar_free(writ_cedar* engine);
// WRIT_CEDAR_FAILED (an ill-typed request, a panic) is to be treated as deny.
int32_t writ_cedar_decide(const writ_cedar* engine, const writ_cedar_question* question, writ_cedar_sink sink,
                          void* user);
// Panics inside, for the test that nothing crosses: WRIT_CEDAR_FAILED and one message.
int32_t writ_cedar_panic(writ_cedar_sink sink, void* user);

#ifdef __cplusplus
}
#endif
