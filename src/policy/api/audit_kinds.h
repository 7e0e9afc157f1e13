// The kinds of audit records: one row each, from which docs/generated/audit_kinds.md is made.
#pragma once

#include <array>
#include <string_view>

namespace writ::policy {

struct AuditKind {
  std::string_view kind;
  std::string_view told_by;  // the service
  std::string_view meaning;
};

namespace audit_kind {
inline constexpr AuditKind decision{"decision", "policy",
                                    "A question was decided: request, facts, verdict, obligations."};
inline constexpr AuditKind settle{"settle", "policy", "A model call was charged; how far its output was released."};
inline constexpr AuditKind release{"release", "policy",
                                   "An upper bound of what may have left of an output, before it could."};
inline constexpr AuditKind replace{"replace", "policy",
                                   "An attempt took the place of one before it, whose reservation it settled."};
inline constexpr AuditKind reservation_expired{"reservation.expired", "policy",
                                               "A reservation ran out unsettled and counts as presumed."};
inline constexpr AuditKind constitution_activated{"constitution.activated", "policy",
                                                  "A constitution came into force."};
inline constexpr AuditKind constitution_pending{"constitution.pending", "policy",
                                                "A constitution was taken up and waits for its valid_from."};
inline constexpr AuditKind constitution_refused{"constitution.refused", "policy", "A constitution was not taken up."};
inline constexpr AuditKind audit_read{"audit.read", "policy",
                                      "Somebody read the audit: at most one a minute and subject, with the count."};
inline constexpr AuditKind audit_exported{"audit.exported", "policy", "Somebody took the audit out."};
inline constexpr AuditKind review_answered{"review.answered", "orchestrator",
                                           "A person answered a review, with the note; `by` is null when it expired."};
inline constexpr AuditKind run_finished{"run.finished", "orchestrator", "A run ended."};
inline constexpr AuditKind key_created{"key.created", "identity", "An API key was made, with its scopes."};
inline constexpr AuditKind key_changed{"key.changed", "identity", "The scopes of an API key were narrowed."};
inline constexpr AuditKind key_revoked{"key.revoked", "identity", "An API key was revoked."};
inline constexpr AuditKind principal_changed{"principal.changed", "identity", "A principal was given other scopes."};
inline constexpr AuditKind principal_revoked{"principal.revoked", "identity",
                                             "All that a principal was given was revoked."};
inline constexpr AuditKind principal_removed{"principal.removed", "identity", "A principal was removed."};
inline constexpr AuditKind token_issued{"token.issued", "identity", "A token was issued on request."};
inline constexpr AuditKind token_revoked{"token.revoked", "identity", "A token was revoked."};
inline constexpr AuditKind authentication_failed{"authentication.failed", "gateway",
                                                 "Credentials were refused: counted by source, once a minute."};
}  // namespace audit_kind

inline constexpr std::array audit_kinds{audit_kind::decision,
                                        audit_kind::settle,
                                        audit_kind::release,
                                        audit_kind::replace,
                                        audit_kind::reservation_expired,
                                        audit_kind::constitution_activated,
                                        audit_kind::constitution_pending,
                                        audit_kind::constitution_refused,
                                        audit_kind::audit_read,
                                        audit_kind::audit_exported,
                                        audit_kind::review_answered,
                                        audit_kind::run_finished,
                                        audit_kind::key_created,
                                        audit_kind::key_changed,
                                        audit_kind::key_revoked,
                                        audit_kind::principal_changed,
                                        audit_kind::principal_revoked,
                                        audit_kind::principal_removed,
                                        audit_kind::token_issued,
                                        audit_kind::token_revoked,
                                        audit_kind::authentication_failed};

}  // namespace writ::policy
