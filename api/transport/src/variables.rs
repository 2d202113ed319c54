//! Whether the variables of a request are surely what their declarations say. Then a document that has been validated
//! before need not be validated again: nothing but its variables is new. Whatever is in doubt is left to validation,
//! which has the words for it.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{
        BaseType, OperationDefinition, ServiceDocument, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
    },
};

/// A field of an input object.
#[derive(Debug)]
struct InputField {
    ty: Type,
    required: bool,
}

/// The types that variables have, beside the scalars of GraphQL itself.
#[derive(Debug, Default)]
pub(super) struct InputTypes {
    enums: HashMap<Name, HashSet<Name>>,
    objects: HashMap<Name, HashMap<Name, InputField>>,
}

impl InputTypes {
    pub fn of(schema: &ServiceDocument) -> Self {
        let mut types = Self::default();
        for definition in &schema.definitions {
            if let TypeSystemDefinition::Type(definition) = definition {
                types.add(&definition.node);
            }
        }
        types
    }

    fn add(&mut self, definition: &TypeDefinition) {
        // One of a `oneOf` has a rule of its own.
        if !definition.directives.is_empty() {
            return;
        }
        let name = definition.name.node.clone();
        match &definition.kind {
            TypeKind::Enum(of) => {
                let values = of.values.iter().map(|value| value.node.value.node.clone());
                self.enums.insert(name, values.collect());
            }
            TypeKind::InputObject(of) => {
                let fields = of.fields.iter().map(|field| {
                    let (field, ty) = (&field.node, field.node.ty.node.clone());
                    let required = !ty.nullable && field.default_value.is_none();
                    (field.name.node.clone(), InputField { ty, required })
                });
                self.objects.insert(name, fields.collect());
            }
            _ => {}
        }
    }

    /// What is left out is none of validation's business either. Null is: it may stand where a default hides that
    /// nothing may be null.
    pub fn surely_take(&self, operation: &OperationDefinition, variables: &Variables) -> bool {
        let mut declared = operation.variable_definitions.iter();
        declared.all(|declared| match variables.get(&declared.node.name.node) {
            None => true,
            Some(Value::Null) => false,
            Some(value) => self.takes(&declared.node.var_type.node, value),
        })
    }

    fn takes(&self, ty: &Type, value: &Value) -> bool {
        match (&ty.base, value) {
            (_, Value::Null) => ty.nullable,
            (BaseType::List(of), Value::List(items)) => items.iter().all(|item| self.takes(of, item)),
            (BaseType::List(_), _) => false,
            (BaseType::Named(name), value) => self.takes_named(name, value),
        }
    }

    fn takes_named(&self, name: &Name, value: &Value) -> bool {
        match (name.as_str(), value) {
            ("ID" | "String", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("Int", Value::Number(number)) => number.is_i64(),
            (_, Value::String(word)) => self
                .enums
                .get(name)
                .is_some_and(|words| words.contains(word.as_str())),
            (_, Value::Object(given)) => self.objects.get(name).is_some_and(|fields| {
                let known =
                    |(name, value)| fields.get(name).is_some_and(|field| self.takes(&field.ty, value));
                let there = |(name, field): (&Name, &InputField)| !field.required || given.contains_key(name);
                given.iter().all(known) && fields.iter().all(there)
            }),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{parse_query, parse_schema};

    use super::*;

    const SDL: &str = "enum Kind { ONE TWO } scalar Time input One @oneOf { a: ID b: ID } \
        input Filter { kind: Kind! = ONE, ids: [ID!], deep: Filter, name: String!, at: Time }";

    #[test]
    fn what_is_in_doubt_is_left_to_validation() {
        let types = InputTypes::of(&parse_schema(SDL).expect("a schema"));
        for (declared, value, sure) in [
            ("ID!", r#""a""#, true),
            ("ID!", "1", false),
            ("ID", "null", false),
            ("Int", "7", true),
            ("Int", "7.5", false),
            ("Int", r#""7""#, false),
            ("Boolean", "true", true),
            ("Time", r#""2026-03-02T12:00:00Z""#, false),
            ("Kind", r#""TWO""#, true),
            ("Kind", r#""THREE""#, false),
            ("Kind", "1", false),
            ("[ID!]", r#"["a", "b"]"#, true),
            ("[ID!]", r#"["a", null]"#, false),
            ("[ID!]", r#""a""#, false),
            ("One", r#"{"a": "a"}"#, false),
            ("Nothing", r#"{"a": "a"}"#, false),
            ("Filter", r#"{"name": "a"}"#, true),
            (
                "Filter",
                r#"{"name": "a", "ids": null, "deep": {"name": "b", "ids": ["c"]}}"#,
                true,
            ),
            ("Filter", r#"{"name": "a", "kind": null}"#, false),
            ("Filter", r#"{"name": "a", "deep": {}}"#, false),
            ("Filter", r#"{"name": "a", "other": 1}"#, false),
            ("Filter", r#"{"name": null}"#, false),
            ("Filter", "{}", false),
        ] {
            let document = parse_query(format!("query($it: {declared}) {{ a }}")).expect("a document");
            let operation = &document.operations.iter().next().expect("an operation").1.node;
            let given = serde_json::from_str(&format!(r#"{{"it": {value}}}"#)).expect("JSON");
            assert_eq!(types.surely_take(operation, &given), sure, "{declared}: {value}");
        }
        let document = parse_query("query($it: Time) { a }").expect("a document");
        let operation = &document.operations.iter().next().expect("an operation").1.node;
        assert!(types.surely_take(operation, &Variables::default()));
    }
}
