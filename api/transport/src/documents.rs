//! Documents as clients send them: measured and parsed once, remembered by their text, and by their
//! hash for clients that send only that (automatic persisted queries).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_graphql::{
    Extensions, Name, Pos, ServerError, Value, Variables,
    parser::{
        parse_query,
        types::{ExecutableDocument, OperationDefinition, OperationType},
    },
};
use axum::http::StatusCode;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::{
    limits::{Limits, cost, cost::Cost, lexer},
    order::Plan,
    params::Params,
    refusal::{Refusal, codes},
};

/// A document that may be executed, as far as can be told without a schema.
#[derive(Debug)]
pub(super) struct Document {
    pub text: Box<str>,
    pub ast: ExecutableDocument,
    /// What each operation was measured at, and the order of its answer; in the document's own order of iteration.
    operations: Vec<(Cost, Plan)>,
    /// The schema has found nothing wrong with it.
    validated: AtomicBool,
}

/// The one operation of a document that a request is about.
pub(super) struct Selected<'a> {
    pub definition: &'a OperationDefinition,
    pub cost: &'a Cost,
    pub order: &'a Plan,
}

impl Selected<'_> {
    pub fn kind(&self) -> OperationType {
        self.definition.ty
    }

    /// Variables without which the operation means nothing; their types are left to validation.
    pub fn require_variables(&self, variables: &Variables) -> Result<(), Refusal> {
        for variable in &self.definition.variable_definitions {
            let definition = &variable.node;
            let required = !definition.var_type.node.nullable;
            let given = variables.get(&definition.name.node);
            let missing = match given {
                Some(Value::Null) => required,
                Some(_) => false,
                None => required && definition.default_value.is_none(),
            };
            if missing {
                let message = format!(
                    "Variable \"${}\" of required type \"{}\" was not provided.",
                    definition.name.node, definition.var_type.node
                );
                let locations = vec![variable.pos];
                return Err(Refusal {
                    locations,
                    ..Refusal::document(codes::BAD_USER_INPUT, message)
                });
            }
        }
        Ok(())
    }
}

impl Document {
    pub fn read(text: &str, limits: &Limits) -> Result<Self, Refusal> {
        let census = lexer::census(text)
            .map_err(|unterminated| parse_failure("unterminated string", vec![unterminated.0]))?;
        if census.tokens > limits.tokens {
            let message = format!("The document has more than {} tokens.", limits.tokens);
            return Err(Refusal::document(codes::QUERY_TOO_LONG, message));
        }
        if census.brackets > limits.brackets {
            let message = format!("The document nests more than {} brackets.", limits.brackets);
            return Err(Refusal::document(codes::QUERY_TOO_DEEP, message));
        }
        if census.directives > limits.directives {
            let message = format!("The document has more than {} directives.", limits.directives);
            return Err(Refusal::document(codes::QUERY_TOO_COMPLEX, message));
        }
        let ast = parse_query(text).map_err(|error| {
            let error = ServerError::from(error);
            parse_failure(&error.message, error.locations)
        })?;
        let costs = cost::measure(&ast, limits)?;
        let orders = ast
            .operations
            .iter()
            .map(|(_, operation)| Plan::new(&operation.node.selection_set.node, &ast));
        Ok(Self {
            operations: costs.into_iter().zip(orders).collect(),
            text: text.into(),
            ast,
            validated: AtomicBool::new(false),
        })
    }

    pub fn is_validated(&self) -> bool {
        self.validated.load(Ordering::Relaxed)
    }

    pub fn set_validated(&self) {
        self.validated.store(true, Ordering::Relaxed);
    }

    /// The operation that is asked for by name, or the only one.
    pub fn select(&self, name: Option<&str>) -> Result<Selected<'_>, Refusal> {
        let mut operations = self.ast.operations.iter().zip(&self.operations);
        let found = match name {
            Some(wanted) => operations.find(|((name, _), _)| name.map(Name::as_str) == Some(wanted)),
            None if self.operations.len() == 1 => operations.next(),
            None => {
                let message = "The document has several operations: say which one in operationName.";
                return Err(Refusal::document(codes::VALIDATION_FAILED, message));
            }
        };
        let ((_, operation), (cost, order)) = found.ok_or_else(|| {
            let message = format!("The document has no operation \"{}\".", name.unwrap_or_default());
            Refusal::document(codes::VALIDATION_FAILED, message)
        })?;
        Ok(Selected {
            definition: &operation.node,
            cost,
            order,
        })
    }

    /// Memory that the document takes: the tree is some twenty times its text, beside what is planned.
    fn weight(&self) -> u32 {
        let planned: usize = self.operations.iter().map(|(_, order)| order.fields()).sum();
        let bytes = 512 + 20 * self.text.len() + 64 * planned;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

fn parse_failure(message: &str, locations: Vec<Pos>) -> Refusal {
    Refusal {
        locations,
        ..Refusal::document(codes::PARSE_FAILED, format!("Syntax error: {message}"))
    }
}

type Hash = [u8; 32];

/// The documents that were asked for lately.
#[derive(Clone)]
pub(super) struct Documents {
    by_text: Cache<Arc<str>, Arc<Document>>,
    by_hash: Cache<Hash, Arc<Document>>,
}

impl Documents {
    pub fn new(limits: &Limits) -> Self {
        Self {
            by_text: Cache::builder()
                .max_capacity(limits.document_cache_bytes)
                .weigher(|_, document: &Arc<Document>| document.weight())
                .build(),
            by_hash: Cache::builder()
                .max_capacity(limits.persisted_cache_bytes)
                .weigher(|_, document: &Arc<Document>| document.weight())
                .build(),
        }
    }

    /// The document of a request: from its text, its hash, or both.
    pub fn find(&self, params: &Params, limits: &Limits) -> Result<Arc<Document>, Refusal> {
        match (params.query.as_deref(), persisted_hash(&params.extensions)?) {
            (Some(text), None) => self.read(text, limits),
            (None, Some(hash)) => self
                .by_hash
                .get(&hash)
                .ok_or_else(|| Refusal::document(codes::PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")),
            (Some(text), Some(hash)) => self.register(text, hash, limits),
            (None, None) => Err(Refusal::malformed("The parameter \"query\" is missing.")),
        }
    }

    fn read(&self, text: &str, limits: &Limits) -> Result<Arc<Document>, Refusal> {
        if text.len() > limits.document_bytes {
            let message = format!("The document is longer than {} bytes.", limits.document_bytes);
            return Err(Refusal::document(codes::QUERY_TOO_LONG, message));
        }
        if let Some(document) = self.by_text.get(text) {
            return Ok(document);
        }
        let document = Arc::new(Document::read(text, limits)?);
        self.by_text.insert(text.into(), Arc::clone(&document));
        Ok(document)
    }

    fn register(&self, text: &str, hash: Hash, limits: &Limits) -> Result<Arc<Document>, Refusal> {
        let document = self.read(text, limits)?;
        if Sha256::digest(text)[..] != hash {
            return Err(Refusal::malformed(
                "The sha256Hash of the persisted query is not that of the query.",
            ));
        }
        self.by_hash.insert(hash, Arc::clone(&document));
        Ok(document)
    }
}

/// `extensions.persistedQuery`, of which there is one version.
fn persisted_hash(extensions: &Extensions) -> Result<Option<Hash>, Refusal> {
    let protocol = match extensions.get("persistedQuery") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(protocol)) => protocol,
        Some(_) => {
            return Err(Refusal::malformed(
                "The extension \"persistedQuery\" is not an object.",
            ));
        }
    };
    if protocol.get("version") != Some(&Value::from(1)) {
        return Err(Refusal::http(
            StatusCode::BAD_REQUEST,
            "PERSISTED_QUERY_NOT_SUPPORTED",
            "Only version 1 of persisted queries is supported.",
        ));
    }
    let mut hash = Hash::default();
    match protocol.get("sha256Hash") {
        Some(Value::String(digits)) if hex::decode_to_slice(digits, &mut hash).is_ok() => Ok(Some(hash)),
        _ => Err(Refusal::malformed(
            "The sha256Hash of the persisted query is not 64 hexadecimal digits.",
        )),
    }
}
