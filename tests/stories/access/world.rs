//! One of everything, all of it a customer's.

use std::collections::HashMap;

use domain::actor::Scope;
use entities::UserRole;
use serde_json::json;
use tests::{
    client::Client,
    stage::{ADMIN, AGENT, Sale, Stage, text},
};

use super::rules::Caller;

pub struct World {
    pub stage: Stage,
    ids: HashMap<&'static str, String>,
    known: HashMap<(Caller, Vec<&'static str>), Client>,
}

impl World {
    pub async fn new() -> Self {
        let stage = Stage::new().await;
        stage.staff(AGENT, UserRole::Agent).await;
        stage.other_team().await;
        let (ana, _) = (
            stage.customer("ana@shop.test").await,
            stage.customer("bea@shop.test").await,
        );
        let product = stage.product("Rayuela").await;
        let purchase = stage.sell(&Sale::of(&ana, &product, 1)).await;
        let (ecosystem, plan) = deployed(&stage, &ana, &product).await;
        let session = json!({ "sessions": [{ "externalId": "r1", "userId": ana, "productId": product,
            "startedAt": "2026-02-25T10:00:00.000Z", "endedAt": "2026-02-25T10:10:00.000Z", "seconds": 300, "percentRead": 12.5 }] });
        let read = stage.admin.mutate(
            "readingSessionsRecord",
            "ReadingSessionsRecordInput",
            session,
            "recorded",
        );
        read.await.accepted();
        let input = json!({ "purchaseId": purchase, "reason": "OTHER", "note": "Told by telephone" });
        let refund = stage
            .admin
            .mutate("refundRequest", "RefundRequestInput", input, "refund { id }");
        let refund = text(&refund.await.accepted()["refund"]["id"]);
        let input = json!({ "productId": product, "userIds": [ana] });
        let batch = stage.admin.mutate(
            "entitlementsRevoke",
            "EntitlementsRevokeInput",
            input,
            "batch { id }",
        );
        let batch = text(&batch.await.accepted()["batch"]["id"]);
        stage.run_jobs().await;
        stage.hear_gateways().await;
        let key = json!({ "name": "The store", "scopes": ["stats.write"] });
        let key = stage
            .admin
            .mutate("apiKeyCreate", "ApiKeyCreateInput", key, "apiKey { id }")
            .await;
        let bea = stage.customer("bea@shop.test").await;
        let look = json!({ "userId": bea, "reason": "A look" });
        let look = stage.admin.mutate(
            "impersonationStart",
            "ImpersonationStartInput",
            look,
            "accessToken",
        );
        look.await.accepted();
        let wish = json!({ "segment": "LEAD" });
        let export = stage
            .admin
            .mutate("usersExport", "UsersExportInput", wish, "export { id }")
            .await;
        let export = text(&export.accepted()["export"]["id"]);
        stage.run_jobs().await;
        let query = "query($u: ID!) { user(id: $u) { readingStats { activity { nodes { id } } } \
                     entitlements(status: [REVOKED]) { nodes { id } } entitlementHistory { nodes { id } } } \
                     impersonations { nodes { id } } events { nodes { id } } \
                     auditLog { nodes { id } } viewer { team { id } } }";
        let seen = stage.admin.ask(query, json!({ "u": ana })).await.data();
        let ids = [
            ("<ana>", ana),
            ("<product>", product),
            ("<purchase>", purchase),
            ("<ecosystem>", ecosystem),
            ("<plan>", plan),
            ("<refund>", refund),
            ("<export>", export),
            ("<batch>", batch),
            ("<key>", text(&key.accepted()["apiKey"]["id"])),
            (
                "<reading>",
                text(&seen["user"]["readingStats"]["activity"]["nodes"][0]["id"]),
            ),
            (
                "<entitlement>",
                text(&seen["user"]["entitlements"]["nodes"][0]["id"]),
            ),
            (
                "<happened>",
                text(&seen["user"]["entitlementHistory"]["nodes"][0]["id"]),
            ),
            ("<impersonation>", text(&seen["impersonations"]["nodes"][0]["id"])),
            ("<event>", text(&seen["events"]["nodes"][0]["id"])),
            ("<audit>", text(&seen["auditLog"]["nodes"][0]["id"])),
            ("<team>", text(&seen["viewer"]["team"]["id"])),
        ];
        Self {
            stage,
            ids: HashMap::from(ids),
            known: HashMap::new(),
        }
    }

    /// Lets everybody come in anew: after what has ended their sessions.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// The document with the ids of what is there.
    pub fn real(&self, document: &str) -> String {
        (self.ids.iter()).fold(document.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// The same with ids of the same kinds that nobody has.
    pub fn missing(&self, document: &str) -> String {
        (self.ids.iter()).fold(document.to_owned(), |text, (name, id)| {
            text.replace(name, &nobodys(id))
        })
    }

    /// Whether an answer lets something of ours through.
    pub fn shows(&self, answer: &str) -> Option<&'static str> {
        (self.ids.iter())
            .find(|(_, id)| answer.contains(id.as_str()))
            .map(|(name, _)| *name)
    }

    /// A caller of a kind. Keys get these scopes, or all but these.
    pub async fn client(
        &mut self,
        caller: Caller,
        scopes: &[&'static str],
        without: &[&'static str],
    ) -> Client {
        let scopes = match caller {
            Caller::KeyWith => scopes.to_vec(),
            Caller::KeyWithout => (Scope::ALL.iter().map(|scope| scope.as_str()))
                .filter(|scope| !without.contains(scope))
                .collect(),
            _ => Vec::new(),
        };
        if let Some(known) = self.known.get(&(caller, scopes.clone())) {
            return known.clone();
        }
        let client = self.fresh(caller, &scopes).await;
        self.known.insert((caller, scopes), client.clone());
        client
    }

    /// The same, not seen before: for what ends a session.
    pub async fn fresh(&self, caller: Caller, scopes: &[&'static str]) -> Client {
        let stage = &self.stage;
        let admin = stage.user_with(ADMIN).await.id;
        let (email, through) = match caller {
            Caller::Nobody => return stage.anonymous(),
            Caller::KeyWith | Caller::KeyWithout => return stage.key_with(scopes).await,
            Caller::Customer => ("ana@shop.test", None),
            Caller::OtherCustomer => ("bea@shop.test", None),
            Caller::AsCustomer => ("ana@shop.test", Some(admin)),
            Caller::Agent => (AGENT, None),
            Caller::AsAgent => (AGENT, Some(admin)),
            Caller::Admin => (ADMIN, None),
            Caller::OtherAdmin => ("admin@boreal.test", None),
        };
        stage.client_of(stage.user_with(email).await.id, through).await
    }
}

/// An id of the same kind with other digits at its end.
fn nobodys(id: &str) -> String {
    let (kept, end) = id.split_at(id.len() - 4);
    let other = if end == "zzzz" { "yyyy" } else { "zzzz" };
    format!("{kept}{other}")
}

/// The ids of the owner's ecosystem and of their plan.
async fn deployed(stage: &Stage, owner: &str, product: &str) -> (String, String) {
    let input = json!({ "externalId": "eco-1", "ownerId": owner, "name": "Ana's" });
    let ecosystem = stage.admin.mutate(
        "ecosystemRecord",
        "EcosystemRecordInput",
        input,
        "ecosystem { id }",
    );
    let ecosystem = text(&ecosystem.await.accepted()["ecosystem"]["id"]);
    let input = json!({ "externalId": "plan-1", "userId": owner, "productId": product, "interval": "MONTHLY",
        "status": "ACTIVE", "startsAt": "2026-03-02T12:00:00.000Z", "encounters": 3, "licensesTotal": 5,
        "licensesAssigned": 2, "licensesSuspended": 1 });
    let plan = stage.admin.mutate(
        "planSubscriptionRecord",
        "PlanSubscriptionRecordInput",
        input,
        "planSubscription { id }",
    );
    let plan = text(&plan.await.accepted()["planSubscription"]["id"]);
    (ecosystem, plan)
}
