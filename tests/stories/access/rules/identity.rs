//! Who may what of sessions, passwords and API keys.

use super::{
    EVERYBODY, EYES, Rules, SENIOR, SENIOR_FINDS, VIEWER,
    Verdict::{F, M, O, U, Y},
    WRONG, entry, of,
};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.apiKeys",
            "{ apiKeys { id name } }",
            SENIOR,
            &["api_keys.write"],
        ),
        entry("Query.viewer", "{ viewer { team { id } } }", VIEWER, &[]),
        entry(
            "Mutation.apiKeyCreate",
            "mutation { apiKeyCreate(input: { name: \"x\", scopes: [\"api_keys.write\"] }) { userErrors { code } } }",
            SENIOR,
            &["api_keys.write"],
        ),
        entry(
            "Mutation.apiKeyRevoke",
            "mutation { apiKeyRevoke(input: { apiKeyId: \"<key>\" }) { apiKey { name } userErrors { code message } } }",
            [U, F, F, F, F, F, Y, F, Y, M],
            &["api_keys.write"],
        ),
        entry(
            "Mutation.passwordSet",
            "mutation { passwordSet(input: { currentPassword: \"wrong\", newPassword: \"long enough it is\" }) { userErrors { code } } }",
            [U, WRONG, WRONG, EYES, WRONG, EYES, U, U, WRONG, WRONG],
            &[],
        ),
        entry(
            "Mutation.signIn",
            "mutation { signIn(input: { email: \"admin@aurora.test\", password: \"postventa-story\" }) { accessToken } }",
            EVERYBODY,
            &[],
        ),
        entry(
            "Mutation.signOut",
            "mutation { signOut { userErrors { code } } }",
            [U, Y, Y, Y, Y, Y, U, U, Y, O],
            &[],
        ),
    ],
    followed: &[],
    types: &[
        of(
            "ApiKey",
            "{ node(id: \"<key>\") { ... on ApiKey { FIELD } } }",
            SENIOR_FINDS,
            &["api_keys.write"],
            "active createdAt createdBy expiresAt id lastUsedAt name parent revokedAt scopes",
        ),
        of(
            "Viewer",
            "{ viewer { FIELD } }",
            VIEWER,
            &[],
            "impersonator scopes team user",
        ),
    ],
    payloads: &[
        ("ApiKeyCreatePayload", "apiKey secret userErrors"),
        ("ApiKeyRevokePayload", "apiKey revokedWithIt userErrors"),
        ("PasswordSetPayload", "userErrors"),
        ("SignInPayload", "accessToken expiresAt teams userErrors viewer"),
        ("SignInTeam", "id name"),
        ("SignOutPayload", "userErrors"),
    ],
};
