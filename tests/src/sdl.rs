//! A schema as a table: its types, their fields, and what is said of each.

use std::collections::BTreeMap;

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
    },
};

pub type Schema = BTreeMap<String, TypeDef>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

#[derive(Clone, Debug)]
pub struct TypeDef {
    pub kind: Kind,
    pub described: bool,
    pub fields: BTreeMap<String, Field>,
    /// Of an enum.
    pub values: BTreeMap<String, bool>,
    pub interfaces: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub ty: String,
    pub described: bool,
    pub has_default: bool,
    pub args: BTreeMap<String, Field>,
}

impl Field {
    /// The type without its brackets and exclamation marks.
    pub fn named_type(&self) -> &str {
        self.ty.trim_matches(['[', ']', '!'])
    }
}

/// Reads a schema in SDL.
pub fn read(sdl: &str) -> Schema {
    let document = parse_schema(sdl).expect("SDL");
    let types = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(it) => Some((it.node.name.node.to_string(), type_def(it.node))),
            _ => None,
        });
    types.collect()
}

fn type_def(definition: TypeDefinition) -> TypeDef {
    let described = definition.description.is_some();
    let (mut fields, mut values, mut interfaces) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let kind = match definition.kind {
        TypeKind::Scalar => Kind::Scalar,
        TypeKind::Object(object) => {
            fields = object.fields.into_iter().map(field).collect();
            interfaces = object.implements.iter().map(|it| it.node.to_string()).collect();
            Kind::Object
        }
        TypeKind::Interface(interface) => {
            fields = interface.fields.into_iter().map(field).collect();
            Kind::Interface
        }
        TypeKind::Union(_) => Kind::Union,
        TypeKind::Enum(it) => {
            values = (it.values.into_iter())
                .map(|value| {
                    (
                        value.node.value.node.to_string(),
                        value.node.description.is_some(),
                    )
                })
                .collect();
            Kind::Enum
        }
        TypeKind::InputObject(it) => {
            fields = it.fields.into_iter().map(input).collect();
            Kind::Input
        }
    };
    TypeDef {
        kind,
        described,
        fields,
        values,
        interfaces,
    }
}

fn field(definition: Positioned<FieldDefinition>) -> (String, Field) {
    let field = definition.node;
    let read = Field {
        ty: field.ty.node.to_string(),
        described: field.description.is_some(),
        has_default: false,
        args: field.arguments.into_iter().map(input).collect(),
    };
    (field.name.node.to_string(), read)
}

fn input(definition: Positioned<InputValueDefinition>) -> (String, Field) {
    let input = definition.node;
    let read = Field {
        ty: input.ty.node.to_string(),
        described: input.description.is_some(),
        has_default: input.default_value.is_some(),
        args: BTreeMap::new(),
    };
    (input.name.node.to_string(), read)
}
