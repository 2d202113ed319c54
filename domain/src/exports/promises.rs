//! What must hold of exports: a file is there exactly while it may be fetched.

use crate::promises::{Promises, answered, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "export-file",
            "An export has a file, its size and its hash if, and only if, it is ready.",
            "export",
            "SELECT id, status || CASE WHEN status = 'READY' THEN ' without a whole file' ELSE ' with a file' END FROM exports \
         WHERE (status = 'READY' AND (object_key IS NULL OR size_bytes IS NULL OR sha256 IS NULL OR expires_at IS NULL)) \
         OR (status <> 'READY' AND (object_key IS NOT NULL OR size_bytes IS NOT NULL OR sha256 IS NOT NULL))",
        ),
        rule(
            "export-expired",
            "No file is kept for longer than it may be fetched: a round comes by every 30 seconds.",
            "export",
            "SELECT id, 'its time is over and the file is still there' FROM exports WHERE status = 'READY' AND expires_at < $quiet_since",
        ),
        rule(
            "export-progress",
            "An export has done no more than there is, and all of it when it is ready.",
            "export",
            "SELECT id, CAST(done AS TEXT) || ' of ' || CAST(total AS TEXT) || ' and ' || status FROM exports \
         WHERE done < 0 OR done > total OR (status = 'READY' AND done <> total)",
        ),
        rule(
            "export-explained",
            "An export that failed says why, and only such a one.",
            "export",
            "SELECT id, status FROM exports WHERE (failure IS NOT NULL) <> (status = 'FAILED')",
        ),
        answered(
            rule(
                "export-audited",
                "Whoever asked for an export stands in the audit log.",
                "export",
                "SELECT id, 'not in the audit log' FROM exports",
            ),
            "SELECT subject_id FROM audit_entries WHERE action = 'export.requested' AND subject_id IS NOT NULL",
        ),
    ],
    references: references! {
        exports.id ("export"): requested_by -> users, api_key_id -> api_keys;
        export_downloads.export_id ("export"): export_id -> exports, user_id -> users, api_key_id -> api_keys;
    },
};
