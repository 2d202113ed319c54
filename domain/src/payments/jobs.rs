//! The job of a gateway's notice.

use entities::GatewayEventId;

use crate::{
    app::App,
    handler::Handler,
    jobs::{ClaimedJob, Handled, JobKind, Owed, Queue},
};

/// Takes in what a gateway told us.
pub struct HandleGatewayEvent;

impl JobKind for HandleGatewayEvent {
    type Subject = GatewayEventId;

    const NAME: &'static str = "handle_gateway_event";
    const FIELD: &'static str = "event";
    const QUEUE: Queue = Queue::Webhooks;
    const ONCE: Option<&'static str> = Some("gateway-event");
    /// What a gateway has told is not given up while it does not answer our questions: ten days.
    const MAX_ATTEMPTS: i64 = 1000;
    const OWED: Option<Owed> = Some(Owed {
        table: "gateway_events",
        condition: "processed_at IS NULL",
        since: "received_at",
        // It stays stored, and its dead-lettered job is shown and waits for a person.
        outlives_its_job: true,
    });
}

impl Handler for HandleGatewayEvent {
    async fn run(app: &App, job: &ClaimedJob, event: GatewayEventId) -> Handled {
        super::handle(app, job, event).await
    }
}
