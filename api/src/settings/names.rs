//! The names of the settings.

/// Each setting with what it is for, as `--help` lists them. The OPERATIONS page explains them further.
pub const NAMES: &[(&str, &str)] = &[
    ("POSTVENTA_BIND", "address to listen on (default 127.0.0.1:8080)"),
    (
        "POSTVENTA_DATA_DIR",
        "folder of the embedded mode (default ./data)",
    ),
    (
        "POSTVENTA_FILES",
        "where exported files are kept: a folder that all processes share, or s3://bucket/prefix (default files in POSTVENTA_DATA_DIR)",
    ),
    (
        "POSTVENTA_S3_ENDPOINT",
        "another address than Amazon's for s3:// in POSTVENTA_FILES",
    ),
    ("POSTVENTA_S3_REGION", "region of the bucket (default us-east-1)"),
    ("POSTVENTA_S3_ACCESS_KEY_ID", "access key of the bucket"),
    ("POSTVENTA_S3_SECRET_ACCESS_KEY", "its secret"),
    (
        "POSTVENTA_PUBLIC_URL",
        "where the installation is reached from outside, with a path if there is one (default http://POSTVENTA_BIND)",
    ),
    (
        "POSTVENTA_SECRET_KEY",
        "at least 64 hexadecimal digits; encrypts teams' secrets and signs links (embedded makes one)",
    ),
    (
        "POSTVENTA_CONFIG",
        "a TOML file with any of these settings (default postventa.toml, if there is one)",
    ),
    (
        "POSTVENTA_INTROSPECTION",
        "on or off: introspection and GraphiQL (default on)",
    ),
    (
        "POSTVENTA_ALLOWED_ORIGINS",
        "other origins that browsers may call from, separated by commas",
    ),
    (
        "POSTVENTA_MAX_CONNECTIONS",
        "connections of clients at once, 16 to 1000000 (default 10000, or what the limit of open files allows)",
    ),
    (
        "POSTVENTA_MAX_CONNECTIONS_PER_ADDRESS",
        "of these, from one address that is no trusted proxy (default 1000)",
    ),
    (
        "POSTVENTA_TRUSTED_PROXIES",
        "addresses or networks whose X-Forwarded-For is believed, e.g. 10.0.0.0/8,192.0.2.1",
    ),
    (
        "POSTVENTA_DB_CONNECTIONS",
        "database connections of a process, 2 to 200 (default 8)",
    ),
    (
        "POSTVENTA_DB_POOLING",
        "auto, session or transaction: what stands in front of PostgreSQL (default auto: it is found out)",
    ),
    ("POSTVENTA_LOG", "what is logged, e.g. info,sea_orm=warn"),
    (
        "POSTVENTA_LOG_FORMAT",
        "text or json (default text on a terminal, else json)",
    ),
    (
        "POSTVENTA_WORKER_CONCURRENCY",
        "jobs at once by queue, 1 to 1000 each, e.g. refunds=32,emails=8",
    ),
    (
        "POSTGRES_URL",
        "PostgreSQL, for serve and worker; DATABASE_URL is accepted, and sqlite:// too",
    ),
    ("DATABASE_URL", "the same as POSTGRES_URL"),
    (
        "REDIS_URL",
        "Redis: wakes workers and spreads events; without it both are slower, never wrong",
    ),
    (
        "POSTVENTA_EXTRA_CA_FILE",
        "certificates in PEM of further authorities to trust, whatever is called: PostgreSQL, Redis, SMTP, S3, gateways",
    ),
    (
        "SMTP_HOST",
        "mail server; without one mails are kept and not sent",
    ),
    ("SMTP_PORT", "its port (default 587; 465 speaks TLS at once)"),
    ("SMTP_USER", "its user"),
    ("SMTP_PASSWORD", "its password"),
    (
        "SUPPORT_EMAIL_FROM",
        "sender of mails of teams without an address of their own",
    ),
    ("STRIPE_API_KEY", "Stripe secret key for teams without their own"),
    (
        "STRIPE_WEBHOOK_SECRET",
        "Stripe webhook secret for teams without their own",
    ),
    ("STRIPE_API_BASE", "another address of Stripe's API"),
    (
        "MERCADO_PAGO_ACCESS_TOKEN",
        "MercadoPago access token for teams without their own",
    ),
    (
        "MERCADO_PAGO_WEBHOOK_SECRET",
        "MercadoPago webhook secret for teams without their own",
    ),
    ("MERCADO_PAGO_API_BASE", "another address of MercadoPago's API"),
    ("PAYPAL_CLIENT_ID", "PayPal client id for teams without their own"),
    (
        "PAYPAL_CLIENT_SECRET",
        "PayPal client secret for teams without their own",
    ),
    (
        "GATEWAY_TIMEOUT_SECONDS",
        "seconds that a gateway may take to answer, 1 to 50 (default 20)",
    ),
];
