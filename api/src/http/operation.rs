//! From parameters to a result, the same for HTTP, event streams and sockets: find the document,
//! hold it to the limits, execute it within its time.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Executor, Request, parser::types::OperationType};
use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};

use super::{
    GraphqlService,
    answer::{Answer, CostReport},
    caller::{Call, Caller, Denied},
    documents::Document,
    errors,
    params::Params,
    refusal::Refusal,
    trace::TraceId,
};

/// An operation that may be executed.
pub(super) struct Prepared {
    pub kind: OperationType,
    request: Request,
    document: Arc<Document>,
    cost: CostReport,
    trace: TraceId,
}

impl<E: Executor> GraphqlService<E> {
    /// Identity has as long as a request has; what takes longer is unavailable.
    pub(super) async fn authenticate(&self, call: Call) -> Result<Caller, Denied> {
        tokio::time::timeout(self.limits.request_time, self.authenticator.authenticate(call))
            .await
            .unwrap_or(Err(Denied::Unavailable))
    }

    pub(super) fn prepare(
        &self,
        params: Params,
        caller: &Caller,
        trace: TraceId,
    ) -> Result<Prepared, Refusal> {
        let document = self.documents.find(&params, &self.limits)?;
        let selected = document.select(params.operation_name.as_deref())?;
        selected.require_variables(&params.variables)?;
        let (kind, cost) = (selected.kind(), CostReport::new(selected.cost, &self.limits));

        let mut request = Request::new(params.query.unwrap_or_else(|| document.text.to_string()));
        request.operation_name = params.operation_name;
        request.variables = params.variables;
        request.extensions = params.extensions;
        request.set_parsed_query(document.ast.clone());
        request.data.insert(trace.clone());
        caller.enrich(&mut request.data);
        Ok(Prepared {
            kind,
            request,
            document,
            cost,
            trace,
        })
    }

    /// The one result of a query or a mutation.
    pub(super) async fn execute(&self, prepared: Prepared) -> Answer {
        let Prepared {
            request,
            document,
            cost,
            trace,
            ..
        } = prepared;
        let execution = AssertUnwindSafe(self.schema.execute(request)).catch_unwind();
        match tokio::time::timeout(self.limits.request_time, execution).await {
            Ok(Ok(response)) => errors::settle(response, &document, Some(cost), &trace),
            Ok(Err(panic)) => errors::panicked(&*panic, &trace),
            Err(_) => errors::timed_out(&trace),
        }
    }

    /// The results of any operation: one, or as many as a subscription has. The cost comes with the
    /// first.
    pub(super) fn results(&self, prepared: Prepared) -> BoxStream<'static, Answer> {
        if prepared.kind != OperationType::Subscription {
            let service = self.clone();
            return stream::once(async move { service.execute(prepared).await }).boxed();
        }
        let Prepared {
            request,
            document,
            cost,
            trace,
            ..
        } = prepared;
        let mut cost = Some(cost);
        AssertUnwindSafe(self.schema.execute_stream(request, None))
            .catch_unwind()
            .map(move |item| match item {
                Ok(response) => errors::settle(response, &document, cost.take(), &trace),
                Err(panic) => errors::panicked(&*panic, &trace),
            })
            .boxed()
    }
}
