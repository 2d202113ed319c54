//! What must hold of reading: kept totals agree with the sessions that they are kept of.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "title-reading",
            "A title's totals are those of its sessions.",
            "user",
            "SELECT t.user_id, CAST(t.sessions AS TEXT) || ' sessions kept of ' || CAST(COALESCE(s.n, 0) AS TEXT) \
             FROM title_readings t LEFT JOIN (SELECT user_id, product_id, count(*) AS n, sum(seconds) AS seconds, \
             max(percent_read) AS percent FROM reading_sessions GROUP BY user_id, product_id) s \
             ON s.user_id = t.user_id AND s.product_id = t.product_id WHERE s.n IS NULL OR t.sessions <> s.n \
             OR t.seconds <> s.seconds OR t.percent_read <> s.percent",
        ),
        rule(
            "user-reading",
            "A reader's totals are those of their titles; time that overlaps counts once, and none is lost.",
            "user",
            "SELECT u.user_id, CAST(u.sessions AS TEXT) || ' sessions kept of ' || CAST(COALESCE(t.sessions, 0) AS TEXT) \
             FROM user_readings u LEFT JOIN (SELECT user_id, sum(sessions) AS sessions, sum(seconds) AS seconds \
             FROM title_readings GROUP BY user_id) t ON t.user_id = u.user_id \
             LEFT JOIN (SELECT user_id, max(seconds) AS longest FROM reading_sessions GROUP BY user_id) l ON l.user_id = u.user_id \
             WHERE u.sessions <> COALESCE(t.sessions, 0) OR u.seconds > COALESCE(t.seconds, 0) \
             OR u.seconds < COALESCE(l.longest, 0)",
        ),
    ],
    references: references! {
        reading_sessions.id ("reading"): user_id -> users, product_id -> products;
        title_readings.user_id ("user"): user_id -> users, product_id -> products;
        user_readings.user_id ("user"): user_id -> users;
    },
};
