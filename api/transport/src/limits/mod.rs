//! How much one request may ask for. The parser recurses and the validator walks every fragment
//! anew, so a document is measured before it reaches either.

pub(super) mod cost;
pub(super) mod lexer;
pub(super) mod nesting;

use std::time::Duration;

use super::origin::Origin;

/// Every number of the transport. Of these only `allowed_origins` is a setting.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a POST body from nobody in particular, and of a message on a WebSocket.
    pub body_bytes: usize,
    /// Bytes of a POST body from a caller who is known: reports come a thousand at once.
    pub known_body_bytes: usize,
    /// Bytes of a document.
    pub document_bytes: usize,
    /// Lexical tokens of a document.
    pub tokens: usize,
    /// Open brackets of any kind, in a document.
    pub brackets: usize,
    /// Lists and objects within each other, in variables.
    pub variables_depth: usize,
    /// Selections, with each fragment counted wherever it is spread.
    pub fields: u32,
    /// Fields within fields, through fragments, without introspection.
    pub depth: u32,
    /// Fields within `__schema` and `__type`.
    pub introspection_depth: u32,
    pub aliases: u32,
    /// Fields that are meant to be asked many times in one document, because they are answered together; they
    /// have an allowance of aliases of their own.
    pub asked_in_bulk: Vec<String>,
    pub bulk_aliases: u32,
    pub directives: usize,
    /// Mutations that a document may hold at most once, so that nobody guesses in bulk.
    pub once_per_document: Vec<String>,
    /// For a query or a mutation, and for reading a request's body.
    pub request_time: Duration,
    /// Memory for parsed documents, as estimated from their length.
    pub document_cache_bytes: u64,
    /// The same for persisted ones.
    pub persisted_cache_bytes: u64,
    /// Origins of web pages that may call and open a WebSocket, besides those of the same host.
    pub allowed_origins: Vec<Origin>,
    /// Time for a new socket to send `connection_init`.
    pub init_time: Duration,
    /// Between pings on a socket and comments in an event stream.
    pub keep_alive: Duration,
    /// How long a client may leave a message unread before its socket is given up.
    pub write_time: Duration,
    /// How long a closed socket waits for the client's own close.
    pub linger_time: Duration,
    /// At once, on one socket.
    pub operations_per_socket: usize,
    /// Messages that wait for one socket to be writable; operations wait when it is full.
    pub socket_queue: usize,
    /// Bytes of each of the two buffers of a socket.
    pub socket_buffer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            known_body_bytes: 1024 * 1024,
            document_bytes: 15 * 1024,
            tokens: 2_000,
            brackets: 64,
            variables_depth: 64,
            fields: 5_000,
            depth: 15,
            introspection_depth: 20,
            aliases: 30,
            asked_in_bulk: vec!["access".to_owned()],
            bulk_aliases: 60,
            directives: 50,
            once_per_document: [
                "signIn",
                "passwordSet",
                "refundRequest",
                "refundResolve",
                "entitlementsGrant",
                "entitlementsRevoke",
                "impersonationStart",
                "apiKeyCreate",
            ]
            .map(str::to_owned)
            .to_vec(),
            request_time: Duration::from_secs(10),
            document_cache_bytes: 16 * 1024 * 1024,
            persisted_cache_bytes: 16 * 1024 * 1024,
            allowed_origins: Vec::new(),
            init_time: Duration::from_secs(3),
            keep_alive: Duration::from_secs(12),
            write_time: Duration::from_secs(30),
            linger_time: Duration::from_secs(2),
            operations_per_socket: 50,
            socket_queue: 16,
            socket_buffer_bytes: 4 * 1024,
        }
    }
}
