//! The schema: exported as it is, described for whoever reads it, and as it was promised.

use std::collections::BTreeSet;

use tests::sdl::{self, Field, Kind, Schema, TypeDef};

const SCHEMA: &str = include_str!("../../../schema.graphql");

/// What was promised, for whoever builds the project by itself.
const CONTRACT: &str = include_str!("../../contract/contract.graphql");
/// The original beside the project counts more, where it is: it may have grown since.
const ORIGINAL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/contract/contract.graphql"
);

/// Promised fields of types that exist, whose own type or issue is still to come. Once built they must go from here.
const NOT_BUILT_YET: &[(&str, &str)] = &[
    ("Mutation", "creditGrant creditReverse"),
    ("Mutation", "followUpComplete"),
    (
        "Mutation",
        "inboundEmailRetry invoiceCreate invoicePaymentStart invoiceSend invoiceUpdate invoiceVoid",
    ),
    (
        "Mutation",
        "invoicesExport jobDiscard jobRetry magicLinkRedeem magicLinkRequest paymentRecord",
    ),
    (
        "Mutation",
        "paymentVerificationConfirm paymentVerificationReject paymentVerificationStart queuePause queueResume queueSetConcurrency quoteAccept",
    ),
    (
        "Mutation",
        "ticketMarkRead ticketNoteAdd ticketOpen ticketRate ticketReply ticketUpdate",
    ),
    (
        "Query",
        "inboundEmails invoices jobs paymentVerificationMetrics queues ticketCounts tickets",
    ),
    ("Subscription", "invoiceUpdated ticketUpdated"),
    ("User", "credit invoices statement tickets"),
];

#[test]
fn the_export_is_what_the_program_serves() {
    assert_eq!(
        SCHEMA.trim(),
        api::graphql::sdl().trim(),
        "run `postventa schema > schema.graphql`"
    );
}

#[test]
fn everything_is_described() {
    let mut bare = Vec::new();
    for (name, definition) in sdl::read(SCHEMA) {
        if !definition.described && !name.starts_with("__") {
            bare.push(name.clone());
        }
        bare.extend(
            definition
                .values
                .iter()
                .filter(|(_, described)| !**described)
                .map(|(value, _)| format!("{name}.{value}")),
        );
        for (field, it) in &definition.fields {
            if !it.described {
                bare.push(format!("{name}.{field}"));
            }
            bare.extend(
                it.args
                    .iter()
                    .filter(|(_, arg)| !arg.described)
                    .map(|(arg, _)| format!("{name}.{field}({arg})")),
            );
        }
    }
    assert!(bare.is_empty(), "without a description: {bare:?}");
}

#[test]
fn a_list_that_can_grow_is_a_connection() {
    let schema = sdl::read(SCHEMA);
    // Lists that end by themselves.
    let short = BTreeSet::from([
        "Query.apiKeys",
        "Query.nodes",
        "ApiKeyRevokePayload.revokedWithIt",
        "EcosystemPayload.affectedApiKeys",
        "SignInPayload.teams",
        "UserPayload.affectedApiKeys",
        "Purchase.refunds",
        "Refund.effects",
        "Refund.timeline",
        "Refund.followUps",
        "RefundEligibility.checks",
        "RefundEligibility.duplicates",
        "TeamSettings.creditLimits",
    ]);
    for (name, definition) in schema.iter().filter(|(_, it)| it.kind == Kind::Object) {
        let paged = name.ends_with("Connection");
        if paged {
            let fields: Vec<&str> = definition.fields.keys().map(String::as_str).collect();
            let whole = ["edges", "nodes", "pageInfo", "totalCount"];
            assert!(
                fields == whole || (name == "EventConnection" && fields == whole[..3]),
                "{name} has {fields:?}"
            );
        }
        for (field, it) in &definition.fields {
            let of_objects = schema
                .get(it.named_type())
                .is_some_and(|of| matches!(of.kind, Kind::Object | Kind::Interface));
            let expected =
                paged || field == "userErrors" || short.contains(format!("{name}.{field}").as_str());
            assert!(
                !it.ty.starts_with('[') || !of_objects || expected,
                "{name}.{field} is a list without pages"
            );
            if it.named_type().ends_with("Connection") && it.named_type() != "EventConnection" {
                for arg in ["first", "after", "last", "before"] {
                    assert!(it.args.contains_key(arg), "{name}.{field} lacks {arg}");
                }
            }
        }
    }
}

#[test]
fn mutations_take_one_input_and_say_why_not() {
    let schema = sdl::read(SCHEMA);
    for (name, mutation) in &schema["Mutation"].fields {
        let args: Vec<(&str, &str)> = mutation
            .args
            .iter()
            .map(|(arg, it)| (arg.as_str(), it.ty.as_str()))
            .collect();
        let input = format!("{}Input!", name[..1].to_uppercase() + &name[1..]);
        assert!(
            args == [("input", input.as_str())]
                || (["signOut", "impersonationStop"].contains(&name.as_str()) && args.is_empty()),
            "{name}: {args:?}"
        );
        let payload = &schema[mutation.named_type()];
        assert!(mutation.ty.ends_with("Payload!"), "{name}: {}", mutation.ty);
        assert_eq!(payload.fields["userErrors"].ty, "[UserError!]!", "{name}");
    }
}

#[test]
fn what_was_promised_is_kept() {
    let contract = std::fs::read_to_string(ORIGINAL).unwrap_or_else(|_| CONTRACT.to_owned());
    let (ours, promised) = (sdl::read(SCHEMA), sdl::read(&contract));
    let waiting: BTreeSet<String> = (NOT_BUILT_YET.iter())
        .flat_map(|(name, fields)| {
            fields
                .split_whitespace()
                .map(move |field| format!("{name}.{field}"))
        })
        .collect();
    let mut breaks = Vec::new();
    for (name, promise) in &promised {
        if let Some(own) = ours.get(name) {
            breaks.extend(compare(&ours, name, promise, own, &waiting));
        }
    }
    for entry in &waiting {
        let (name, field) = entry.split_once('.').unwrap_or_default();
        if ours.get(name).is_some_and(|own| own.fields.contains_key(field)) {
            breaks.push(format!("{entry} is built: take it from NOT_BUILT_YET"));
        } else if !promised.get(name).is_some_and(|it| it.fields.contains_key(field)) {
            breaks.push(format!("{entry} was never promised: take it from NOT_BUILT_YET"));
        }
    }
    assert!(breaks.is_empty(), "{}", breaks.join("\n"));
}

fn compare(
    ours: &Schema,
    name: &str,
    promise: &TypeDef,
    own: &TypeDef,
    waiting: &BTreeSet<String>,
) -> Vec<String> {
    let mut breaks = Vec::new();
    if promise.kind != own.kind {
        breaks.push(format!("{name} is {:?}, not {:?}", own.kind, promise.kind));
    }
    let values = promise
        .values
        .keys()
        .filter(|value| !own.values.contains_key(*value));
    breaks.extend(values.map(|value| format!("{name}.{value} is missing")));
    let interfaces = promise
        .interfaces
        .iter()
        .filter(|it| !own.interfaces.contains(it));
    breaks.extend(interfaces.map(|it| format!("{name} does not implement {it}")));
    for (field, promised) in &promise.fields {
        let place = format!("{name}.{field}");
        let Some(built) = own.fields.get(field) else {
            // What needs a type that is still to come waits with it.
            if !waiting.contains(&place) {
                breaks.push(format!(
                    "{place} is missing{}",
                    if ours.contains_key(promised.named_type()) {
                        ""
                    } else {
                        ", and so is its type"
                    }
                ));
            }
            continue;
        };
        let fits = if own.kind == Kind::Input {
            takes(&built.ty, &promised.ty)
        } else {
            gives(&built.ty, &promised.ty)
        };
        if !fits {
            breaks.push(format!("{place} is {}, not {}", built.ty, promised.ty));
        }
        for (arg, wanted) in &promised.args {
            match built.args.get(arg) {
                None => breaks.push(format!("{place}({arg}) is missing")),
                Some(have) if !takes(&have.ty, &wanted.ty) => {
                    breaks.push(format!("{place}({arg}) is {}, not {}", have.ty, wanted.ty));
                }
                Some(_) => {}
            }
        }
        breaks.extend(
            demanded(&built.args, &promised.args).map(|arg| format!("{place}({arg}) is new and required")),
        );
    }
    if own.kind == Kind::Input {
        breaks.extend(
            demanded(&own.fields, &promise.fields).map(|field| format!("{name}.{field} is new and required")),
        );
    }
    breaks
}

/// What we ask for beyond the promise, so that existing callers would fail.
fn demanded<'a>(
    have: &'a std::collections::BTreeMap<String, Field>,
    promised: &'a std::collections::BTreeMap<String, Field>,
) -> impl Iterator<Item = &'a String> {
    let new = have.iter().filter(|(name, _)| !promised.contains_key(*name));
    new.filter(|(_, it)| it.ty.ends_with('!') && !it.has_default)
        .map(|(name, _)| name)
}

/// An answer may be more certain than promised.
fn gives(have: &str, promised: &str) -> bool {
    have == promised || have.strip_suffix('!') == Some(promised)
}

/// An input may be less demanding than promised.
fn takes(have: &str, promised: &str) -> bool {
    have == promised || promised.strip_suffix('!') == Some(have)
}
