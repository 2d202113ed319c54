//! How much a parsed document asks for when every fragment is counted wherever it is spread. Each
//! fragment is measured once and remembered, so that a document which doubles itself a hundred
//! times is told from its text.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet},
};

use super::Limits;
use crate::refusal::{Refusal, codes};

/// What one operation, or one fragment, asks for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Selections: fields, spreads and inline fragments.
    pub fields: u32,
    /// Fields within fields, without what is below `__schema` and `__type`.
    pub depth: u32,
    introspection_depth: u32,
    /// Uses of each of `Limits::once_per_document`, in its order; empty while there is none.
    once: Vec<u32>,
}

impl Cost {
    fn add(&mut self, other: &Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.introspection_depth = self.introspection_depth.max(other.introspection_depth);
        for (index, uses) in other.once.iter().enumerate() {
            self.use_once(index, *uses);
        }
    }

    fn use_once(&mut self, index: usize, uses: u32) {
        if self.once.len() <= index {
            self.once.resize(index + 1, 0);
        }
        self.once[index] = self.once[index].saturating_add(uses);
    }
}

/// Measures each operation, in the document's own order of iteration, and refuses the document if
/// it asks for too much as a whole: all of it is validated, whichever operation is executed.
pub(crate) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<Vec<Cost>, Refusal> {
    let mut surveyor = Surveyor {
        fragments: &document.fragments,
        limits,
        aliases: 0,
        bulk_aliases: 0,
        known: HashMap::new(),
    };
    let mut operations = Vec::with_capacity(document.operations.iter().len());
    let mut whole = Cost::default();
    for (_, operation) in document.operations.iter() {
        let cost = surveyor.selections(&operation.node.selection_set)?;
        whole.add(&cost);
        operations.push(cost);
    }
    surveyor.check(&whole)?;
    // The validator walks each fragment from its definition as well, whether it is spread or not.
    let mut definitions = 0_u32;
    for name in document.fragments.keys() {
        let cost = surveyor.fragment(name)?;
        definitions = definitions.saturating_add(cost.fields);
        surveyor.check(&cost)?;
    }
    surveyor.check(&Cost {
        fields: definitions / 4,
        ..Cost::default()
    })?;
    Ok(operations)
}

struct Surveyor<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    limits: &'a Limits,
    aliases: u32,
    /// Those of `Limits::asked_in_bulk`.
    bulk_aliases: u32,
    /// `None` while a fragment is being measured: who meets it then has found a cycle.
    known: HashMap<&'a str, Option<Cost>>,
}

impl<'a> Surveyor<'a> {
    fn selections(&mut self, set: &'a Positioned<SelectionSet>) -> Result<Cost, Refusal> {
        let mut total = Cost::default();
        for selection in &set.node.items {
            let inner = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(inline) => self.selections(&inline.node.selection_set)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            total.fields = total.fields.saturating_add(1);
            total.add(&inner);
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<Cost, Refusal> {
        let name = field.name.node.as_str();
        if field.alias.is_some() {
            let in_bulk = self.limits.asked_in_bulk.iter().any(|bulk| bulk == name);
            *(if in_bulk {
                &mut self.bulk_aliases
            } else {
                &mut self.aliases
            }) += 1;
        }
        let mut cost = self.selections(&field.selection_set)?;
        if matches!(name, "__schema" | "__type") {
            cost.introspection_depth = cost.introspection_depth.max(cost.depth) + 1;
            cost.depth = 0;
        } else {
            cost.depth += 1;
        }
        if let Some(index) = self.limits.once_per_document.iter().position(|once| once == name) {
            cost.use_once(index, 1);
        }
        Ok(cost)
    }

    fn fragment(&mut self, name: &'a str) -> Result<Cost, Refusal> {
        match self.known.get(name) {
            Some(Some(cost)) => return Ok(cost.clone()),
            Some(None) => {
                let message = format!("Cannot spread fragment \"{name}\" within itself.");
                return Err(Refusal::document(codes::VALIDATION_FAILED, message));
            }
            None => {}
        }
        // Validation says that it is missing, in better words.
        let Some(fragment) = self.fragments.get(name) else {
            return Ok(Cost::default());
        };
        self.known.insert(name, None);
        let cost = self.selections(&fragment.node.selection_set)?;
        self.known.insert(name, Some(cost.clone()));
        Ok(cost)
    }

    fn check(&self, cost: &Cost) -> Result<(), Refusal> {
        let limits = self.limits;
        let refuse = |code, message: String| Err(Refusal::document(code, message));
        if cost.fields > limits.fields {
            let message = format!("The document selects more than {} fields.", limits.fields);
            return refuse(codes::QUERY_TOO_COMPLEX, message);
        }
        if cost.depth > limits.depth {
            let message = format!(
                "The document is {} fields deep; at most {} are allowed.",
                cost.depth, limits.depth
            );
            return refuse(codes::QUERY_TOO_DEEP, message);
        }
        if cost.introspection_depth > limits.introspection_depth {
            let message = format!(
                "Introspection is allowed {} fields deep.",
                limits.introspection_depth
            );
            return refuse(codes::QUERY_TOO_DEEP, message);
        }
        if self.aliases > limits.aliases {
            let message = format!("The document has more than {} aliases.", limits.aliases);
            return refuse(codes::QUERY_TOO_COMPLEX, message);
        }
        if self.bulk_aliases > limits.bulk_aliases {
            let (most, names) = (limits.bulk_aliases, limits.asked_in_bulk.join("\", \""));
            let message = format!("The document has more than {most} aliases of \"{names}\".");
            return refuse(codes::QUERY_TOO_COMPLEX, message);
        }
        if let Some(index) = cost.once.iter().position(|uses| *uses > 1) {
            let message = format!(
                "\"{}\" is allowed once in a document.",
                limits.once_per_document[index]
            );
            return refuse(codes::QUERY_TOO_COMPLEX, message);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::{Limits, measure};

    fn cost(text: &str) -> Result<(u32, u32), &'static str> {
        let document = parse_query(text).expect("the test's own document");
        let costs = measure(&document, &Limits::default()).map_err(|refusal| refusal.code)?;
        Ok((
            costs.iter().map(|cost| cost.fields).sum(),
            costs.iter().map(|cost| cost.depth).max().unwrap_or(0),
        ))
    }

    #[test]
    fn fragments_count_wherever_they_are_spread() {
        let cases = [
            ("{ a }", (1, 1)),
            ("{ a { b c } }", (3, 2)),
            ("{ ...F ...F } fragment F on Q { a { b } }", (6, 2)),
            ("{ a { ... { b { c } } } }", (4, 3)),
            ("{ __schema { types { name } } a }", (4, 1)),
        ];
        for (text, expected) in cases {
            assert_eq!(cost(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn too_much_is_refused_with_its_code() {
        let doubling = (0..40)
            .map(|n| format!("fragment F{n} on Q {{ ...F{0} ...F{0} }} ", n + 1))
            .collect::<Vec<_>>()
            .concat();
        let aliases = (0..31).map(|n| format!("a{n}: a ")).collect::<Vec<_>>().concat();
        let accesses = (0..61)
            .map(|n| format!("a{n}: access "))
            .collect::<Vec<_>>()
            .concat();
        let cases = [
            (
                format!("{{ ...F0 }} {doubling} fragment F40 on Q {{ a }}"),
                "QUERY_TOO_COMPLEX",
            ),
            (
                format!("{{ a }} {doubling} fragment F40 on Q {{ a }}"),
                "QUERY_TOO_COMPLEX",
            ),
            (format!("{{ {aliases} }}"), "QUERY_TOO_COMPLEX"),
            (format!("{{ {accesses} }}"), "QUERY_TOO_COMPLEX"),
            ("mutation { signIn signIn }".to_owned(), "QUERY_TOO_COMPLEX"),
            (
                "mutation { ...F ...F } fragment F on M { signIn }".to_owned(),
                "QUERY_TOO_COMPLEX",
            ),
            (
                format!("{}a{}", "{ a ".repeat(15) + "{ ", "}".repeat(16)),
                "QUERY_TOO_DEEP",
            ),
            (
                format!("{{ __schema {}a{} }}", "{ a ".repeat(20) + "{", "}".repeat(21)),
                "QUERY_TOO_DEEP",
            ),
            (
                "{ ...F } fragment F on Q { a { ...G } } fragment G on Q { ...F }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
        ];
        for (text, code) in cases {
            assert_eq!(cost(&text), Err(code), "{text}");
        }
    }
}
