//! The order of an answer: fields come as they were asked for (GraphQL specification, section 6.3).
//! async-graphql gives them in the order in which they were ready. The order is planned once for each document.

use async_graphql::{
    Name, Value,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

/// The response keys of an object, in order, with those of the objects below.
#[derive(Debug)]
pub(super) struct Plan(Vec<(Name, Plan)>);

impl Plan {
    /// The plan of an operation.
    pub fn new(asked: &SelectionSet, document: &ExecutableDocument) -> Self {
        Self::of(&[asked], document)
    }

    fn of(asked: &[&SelectionSet], document: &ExecutableDocument) -> Self {
        let mut fields: Vec<(&Name, Vec<&SelectionSet>)> = Vec::new();
        for set in asked {
            gather(set, document, &mut fields);
        }
        Self(
            fields
                .into_iter()
                .map(|(key, below)| (key.clone(), Self::of(&below, document)))
                .collect(),
        )
    }

    /// How many fields it knows. Fragments are planned wherever they are spread: it may be far longer than the text.
    pub fn fields(&self) -> usize {
        self.0.iter().map(|(_, below)| 1 + below.fields()).sum()
    }

    /// Puts the fields of an operation's data in order.
    pub fn apply(&self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(fields) if !self.0.is_empty() => {
                let place = |key: &Name| self.0.iter().position(|(planned, _)| planned == key);
                if !fields.keys().map(place).is_sorted() {
                    fields.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
                }
                for (key, below) in self.0.iter().filter(|(_, below)| !below.0.is_empty()) {
                    if let Some(inner) = fields.get_mut(key) {
                        below.apply(inner);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a fragment applies is known only from the data: a key that is not there needs no place.
fn gather<'a>(
    set: &'a SelectionSet,
    document: &'a ExecutableDocument,
    fields: &mut Vec<(&'a Name, Vec<&'a SelectionSet>)>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let (key, below) = (&field.node.response_key().node, &field.node.selection_set.node);
                match fields.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => known.push(below),
                    None => fields.push((key, vec![below])),
                }
            }
            Selection::InlineFragment(fragment) => {
                gather(&fragment.node.selection_set.node, document, fields);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    gather(&fragment.node.selection_set.node, document, fields);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    #[test]
    fn fields_come_as_they_were_asked_for() {
        let document = parse_query(
            "{ a { ...F y: b } list { two one } } fragment F on T { x b { c } ... on U { z } b { d } }",
        )
        .expect("a document");
        let mut data = value!({
            "list": [{ "one": 1, "two": 2 }, null, { "two": 2, "one": 1 }],
            "a": { "y": 1, "z": 2, "b": { "d": 1, "c": 2 }, "x": 3 },
        });
        let operation = document.operations.iter().next().expect("an operation").1;
        Plan::new(&operation.node.selection_set.node, &document).apply(&mut data);
        let expected = "{\"a\":{\"x\":3,\"b\":{\"c\":2,\"d\":1},\"z\":2,\"y\":1},\
             \"list\":[{\"two\":2,\"one\":1},null,{\"two\":2,\"one\":1}]}";
        assert_eq!(serde_json::to_string(&data).expect("JSON"), expected);
    }
}
