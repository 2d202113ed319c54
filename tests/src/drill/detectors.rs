//! Compares what was promised to clients with what the gateways did and with what the database says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{App, database::Sql};
use entities::RefundId;
use sandbox::{Provider, Refund};

use super::{clients::Accepted, fleet::Fleet, gateways::Journals};

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A refund was promised, and its gateway knows of none.
    Lost { refund: String },
    /// A payment went back more than once.
    Double { refund: String, at_gateway: Vec<String> },
    /// A refund that nobody has asked for.
    Unasked { payment: String },
    /// The refund is there with another key or amount than ours.
    NotOurs { refund: String, what: String },
    /// A refund that was promised is not known to have succeeded; none: its row is gone.
    Unsettled { refund: String, status: Option<String> },
    /// The database has a refund that no client was told of.
    Unannounced { refund: String },
    /// A line of `postventa verify`.
    Violation(String),
}

/// Everything that is wrong, as every detector sees it.
pub async fn detect(fleet: &Fleet, app: &App, accepted: &[Accepted], journals: &Journals) -> Vec<Finding> {
    let mut findings = at_the_gateways(accepted, journals);
    findings.extend(in_the_database(app, accepted).await);
    findings.extend(verify(fleet).await);
    findings
}

/// The gateways' books against the promises.
pub fn at_the_gateways(accepted: &[Accepted], journals: &Journals) -> Vec<Finding> {
    let mut by_payment: BTreeMap<(&str, &str), Vec<&Refund>> = BTreeMap::new();
    for (gateway, journal) in &journals.0 {
        for refund in journal.refunds.iter().filter(|it| it.status.is_live()) {
            let of = by_payment.entry((name(*gateway), &refund.payment)).or_default();
            of.push(refund);
        }
    }
    let mut findings = Vec::new();
    for Accepted { refund, sale } in accepted {
        let made = by_payment
            .remove(&(name(sale.gateway), &sale.payment))
            .unwrap_or_default();
        let refund = refund.clone();
        match made[..] {
            [] => findings.push(Finding::Lost { refund }),
            [one] if one.amount != sale.refund => {
                let what = format!("{} instead of {}", one.amount, sale.refund);
                findings.push(Finding::NotOurs { refund, what });
            }
            [one] if one.key.as_deref() != Some(&refund) => {
                let what = format!("with the key {:?}", one.key);
                findings.push(Finding::NotOurs { refund, what });
            }
            [_] => {}
            ref more => {
                let at_gateway = more.iter().map(|it| it.id.clone()).collect();
                findings.push(Finding::Double { refund, at_gateway });
            }
        }
    }
    let unasked = by_payment.into_keys().map(|(_, payment)| payment.to_owned());
    findings.extend(unasked.map(|payment| Finding::Unasked { payment }));
    findings
}

const fn name(gateway: Provider) -> &'static str {
    match gateway {
        Provider::Stripe => "stripe",
        Provider::MercadoPago => "mercado_pago",
    }
}

/// The refunds' rows against the promises.
pub async fn in_the_database(app: &App, accepted: &[Accepted]) -> Vec<Finding> {
    let sql = "SELECT id, status FROM refunds";
    let rows = app.db.connection().rows(sql, vec![]).await.expect("a query");
    let mut known: HashMap<String, String> = HashMap::new();
    for row in &rows {
        let id: RefundId = row.try_get_by_index(0).expect("an id");
        known.insert(id.to_string(), row.try_get_by_index(1).expect("a status"));
    }
    let mut findings = Vec::new();
    let mut promised = BTreeSet::new();
    for Accepted { refund, .. } in accepted {
        promised.insert(refund.as_str());
        let status = known.get(refund).cloned();
        if status.as_deref() != Some("SUCCEEDED") {
            let refund = refund.clone();
            findings.push(Finding::Unsettled { refund, status });
        }
    }
    let unannounced = known.into_keys().filter(|id| !promised.contains(id.as_str()));
    findings.extend(unannounced.map(|refund| Finding::Unannounced { refund }));
    findings
}

/// What the product says of itself, its gateways asked.
pub async fn verify(fleet: &Fleet) -> Vec<Finding> {
    let output = fleet.run(&["verify", "--gateway", "1000"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = said.lines().filter(|line| !line.starts_with("note: "));
    match output.status.code() {
        Some(0) => Vec::new(),
        Some(1) => lines.map(|line| Finding::Violation(line.to_owned())).collect(),
        _ => panic!("verify ends with {:?}: {said}", output.status),
    }
}

/// Waits until no refund is under way any more. Whether it came to that.
pub async fn all_settled(app: &App, patience: std::time::Duration) -> bool {
    super::comes_true(patience, async || count(app, OPEN).await == Some(0)).await
}

const OPEN: &str = "SELECT count(*) FROM refunds WHERE status IN ('REQUESTED', 'PROCESSING', 'PENDING')";

/// A number from the database; none while it does not answer.
pub async fn count(app: &App, sql: &str) -> Option<i64> {
    let row = app.db.connection().row(sql, vec![]).await.ok()??;
    row.try_get_by_index(0).ok()
}
