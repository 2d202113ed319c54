//! Where an error belongs in the data: a field that failed is null, and one that may not be null
//! takes its parent with it. async-graphql (since 7.1, its change 1746) leaves such a field out
//! instead, which typed clients do not expect; here the schema's types put it right. Data without
//! errors is not looked at.

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, ServerError, Value,
    parser::types::{
        BaseType, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
        ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

/// The types of all fields, by the types that have them.
#[derive(Debug)]
pub(super) struct FieldTypes {
    fields: HashMap<Name, HashMap<Name, Type>>,
    query: Name,
    mutation: Name,
    subscription: Name,
}

impl FieldTypes {
    pub fn of(schema: ServiceDocument) -> Self {
        let mut types = Self {
            fields: HashMap::new(),
            query: Name::new("Query"),
            mutation: Name::new("Mutation"),
            subscription: Name::new("Subscription"),
        };
        for definition in schema.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let set = |root: &mut Name, name: Option<async_graphql::Positioned<Name>>| {
                        *root = name.map_or_else(|| root.clone(), |name| name.node);
                    };
                    set(&mut types.query, schema.node.query);
                    set(&mut types.mutation, schema.node.mutation);
                    set(&mut types.subscription, schema.node.subscription);
                }
                TypeSystemDefinition::Type(definition) => {
                    let fields = match definition.node.kind {
                        TypeKind::Object(object) => object.fields,
                        TypeKind::Interface(interface) => interface.fields,
                        _ => continue,
                    };
                    let fields = fields
                        .into_iter()
                        .map(|field| (field.node.name.node, field.node.ty.node));
                    types
                        .fields
                        .entry(definition.node.name.node)
                        .or_default()
                        .extend(fields);
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        types
    }

    /// Puts the nulls of all errors into the data of an operation.
    pub fn propagate(
        &self,
        data: &mut Value,
        errors: &[ServerError],
        document: &ExecutableDocument,
        operation: &OperationDefinition,
    ) {
        let root = match operation.ty {
            OperationType::Query => &self.query,
            OperationType::Mutation => &self.mutation,
            OperationType::Subscription => &self.subscription,
        };
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            let nullable =
                Trail::new(self, document).follow(root, &operation.selection_set.node, &error.path);
            let Some(nullable) = nullable else { continue };
            if propagate_one(data, &error.path, &nullable).is_none() {
                *data = Value::Null;
                return;
            }
        }
    }
}

/// `None` if not even the root may stay.
fn propagate_one(data: &mut Value, path: &[PathSegment], nullable: &[bool]) -> Option<()> {
    let nearest = |at: usize| nullable[..=at].iter().rposition(|nullable| *nullable);
    let target = nearest(path.len() - 1)?;
    let lost = lost_from(data, &path[..target]);
    let target = lost.map_or(Some(target), nearest)?;

    let mut place = data;
    for segment in &path[..target] {
        // An object of which every field has failed comes as null.
        if matches!(segment, PathSegment::Field(_)) && *place == Value::Null {
            *place = Value::Object(async_graphql::indexmap::IndexMap::new());
        }
        place = child(place, segment)?;
    }
    match (place, &path[target]) {
        (Value::Object(fields), PathSegment::Field(key)) => {
            fields.insert(Name::new(key), Value::Null);
        }
        (place @ Value::Null, PathSegment::Field(key)) => {
            *place = Value::Object([(Name::new(key), Value::Null)].into_iter().collect());
        }
        (Value::List(items), PathSegment::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
    Some(())
}

/// The position from which on there is nothing left of the path, if a list was lost as a whole.
fn lost_from(data: &Value, path: &[PathSegment]) -> Option<usize> {
    let mut place = data;
    for (at, segment) in path.iter().enumerate() {
        place = match (place, segment) {
            (Value::Object(fields), PathSegment::Field(key)) => match fields.get(key.as_str()) {
                Some(inner) => inner,
                None => return Some(at),
            },
            (Value::List(items), PathSegment::Index(index)) => match items.get(*index) {
                Some(item) => item,
                None => return Some(at.saturating_sub(1)),
            },
            (_, PathSegment::Index(_)) => return Some(at.saturating_sub(1)),
            // See above: it is made an object again.
            (_, PathSegment::Field(_)) => return None,
        };
    }
    None
}

fn child<'a>(place: &'a mut Value, segment: &PathSegment) -> Option<&'a mut Value> {
    match (place, segment) {
        (Value::Object(fields), PathSegment::Field(key)) => {
            Some(fields.entry(Name::new(key)).or_insert(Value::Null))
        }
        (Value::List(items), PathSegment::Index(index)) => items.get_mut(*index),
        _ => None,
    }
}

/// Follows a path of the response through the document and tells for each step whether it may be
/// null.
struct Trail<'a> {
    types: &'a FieldTypes,
    document: &'a ExecutableDocument,
}

impl<'a> Trail<'a> {
    fn new(types: &'a FieldTypes, document: &'a ExecutableDocument) -> Self {
        Self { types, document }
    }

    fn follow(
        &self,
        root: &'a Name,
        selections: &'a SelectionSet,
        path: &[PathSegment],
    ) -> Option<Vec<bool>> {
        let mut owner = root;
        let mut sets = vec![selections];
        let mut current: Option<&Type> = None;
        let mut nullable = Vec::with_capacity(path.len());
        for segment in path {
            let next = match segment {
                PathSegment::Index(_) => match &current?.base {
                    BaseType::List(item) => &**item,
                    BaseType::Named(_) => return None,
                },
                PathSegment::Field(key) => {
                    let mut found = Vec::new();
                    for set in &sets {
                        self.find(owner, set, key, &mut found);
                    }
                    let (holder, field) = *found.first()?;
                    sets = found.iter().map(|(_, field)| &field.selection_set.node).collect();
                    self.types.fields.get(holder)?.get(&field.name.node)?
                }
            };
            nullable.push(next.nullable);
            if let BaseType::Named(name) = &next.base {
                owner = name;
            }
            current = Some(next);
        }
        Some(nullable)
    }

    /// All fields that answer under one key, with the types that they are selected on.
    fn find(
        &self,
        owner: &'a Name,
        set: &'a SelectionSet,
        key: &str,
        found: &mut Vec<(&'a Name, &'a Field)>,
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.response_key().node == key => {
                    found.push((owner, &field.node));
                }
                Selection::Field(_) => {}
                Selection::InlineFragment(inline) => {
                    let owner = inline
                        .node
                        .type_condition
                        .as_ref()
                        .map_or(owner, |on| &on.node.on.node);
                    self.find(owner, &inline.node.selection_set.node, key, found);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let owner = &fragment.node.type_condition.node.on.node;
                        self.find(owner, &fragment.node.selection_set.node, key, found);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        PathSegment, ServerError, Value,
        parser::{parse_query, parse_schema},
        value,
    };

    use super::FieldTypes;

    const SDL: &str =
        "type Query { maybe: Int sure: Int! tree: Tree solid: Tree! trees: [Tree!]! sparse: [Tree] any: Any }
        interface Any { sure: Int! }
        type Tree implements Any { maybe: Int sure: Int! tree: Tree solid: Tree! }";

    fn path(text: &str) -> Vec<PathSegment> {
        let segment = |part: &str| {
            part.parse()
                .map_or_else(|_| PathSegment::Field(part.to_owned()), PathSegment::Index)
        };
        text.split('.').map(segment).collect()
    }

    #[test]
    fn a_failed_field_is_null_or_takes_its_parent_with_it() {
        let cases = [
            (
                "{ maybe sure }",
                value!({ "sure": 1 }),
                vec!["maybe"],
                value!({ "sure": 1, "maybe": null }),
            ),
            ("{ a: maybe }", Value::Null, vec!["a"], value!({ "a": null })),
            (
                "{ maybe sure }",
                value!({ "maybe": 1 }),
                vec!["sure"],
                Value::Null,
            ),
            (
                "{ tree { sure maybe } }",
                value!({ "tree": { "maybe": 1 } }),
                vec!["tree.sure"],
                value!({ "tree": null }),
            ),
            (
                "{ tree { maybe } }",
                value!({ "tree": null }),
                vec!["tree.maybe"],
                value!({ "tree": { "maybe": null } }),
            ),
            (
                "{ solid { maybe } }",
                value!({ "solid": null }),
                vec!["solid.maybe"],
                value!({ "solid": { "maybe": null } }),
            ),
            (
                "{ solid { sure } }",
                value!({ "solid": null }),
                vec!["solid.sure"],
                Value::Null,
            ),
            ("{ maybe sure }", Value::Null, vec!["maybe", "sure"], Value::Null),
            (
                "{ tree { solid { sure maybe } } }",
                value!({ "tree": { "solid": { "maybe": 1 } } }),
                vec!["tree.solid.sure"],
                value!({ "tree": null }),
            ),
            (
                "{ trees { sure maybe } }",
                value!({ "trees": [{ "maybe": 1 }] }),
                vec!["trees.0.sure"],
                Value::Null,
            ),
            (
                "{ sparse { sure maybe } }",
                value!({ "sparse": [{ "sure": 1, "maybe": 1 }, { "maybe": 1 }] }),
                vec!["sparse.1.sure"],
                value!({ "sparse": [{ "sure": 1, "maybe": 1 }, null] }),
            ),
            (
                "{ maybe sparse { sure } }",
                value!({ "maybe": 1 }),
                vec!["sparse.1.sure"],
                value!({ "maybe": 1, "sparse": null }),
            ),
            (
                "{ any { ... on Tree { t: tree { ...F } } } } fragment F on Tree { m: maybe sure }",
                value!({ "any": { "t": { "sure": 1 } } }),
                vec!["any.t.m"],
                value!({ "any": { "t": { "sure": 1, "m": null } } }),
            ),
        ];
        let types = FieldTypes::of(parse_schema(SDL).expect("the test's own schema"));
        for (text, mut data, paths, expected) in cases {
            let document = parse_query(text).expect("the test's own document");
            let (_, operation) = document.operations.iter().next().expect("an operation");
            let errors: Vec<_> = paths
                .iter()
                .map(|failed| ServerError::new("failed", None).with_path(path(failed)))
                .collect();
            types.propagate(&mut data, &errors, &document, &operation.node);
            assert_eq!(data, expected, "{text}");
        }
    }
}
