//! From parameters to a result, the same for HTTP, event streams and sockets: find the document,
//! hold it to the limits, execute it within its time.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Executor, Request, parser::types::OperationType};
use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use tracing::Instrument;

use super::{
    GraphqlService,
    answer::{Answer, CostReport},
    caller::{AuthenticationError, Call, Caller},
    errors::{self, Understanding},
    params::Params,
    refusal::Refusal,
    trace::TraceId,
};

/// An operation that may be executed.
pub(super) struct Prepared {
    pub kind: OperationType,
    request: Request,
    cost: CostReport,
    understanding: Understanding,
}

impl<E: Executor> GraphqlService<E> {
    /// Identity has as long as a request has; what takes longer is unavailable.
    pub(super) async fn authenticate(&self, call: Call) -> Result<Caller, AuthenticationError> {
        tokio::time::timeout(self.limits.request_time, self.authenticator.authenticate(call))
            .await
            .unwrap_or(Err(AuthenticationError::Unavailable))
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
        request.operation_name.clone_from(&params.operation_name);
        request.variables = params.variables;
        request.extensions = params.extensions;
        request.set_parsed_query(document.ast.clone());
        request.data.insert(trace.clone());
        caller.enrich(&mut request.data);
        let types = Arc::clone(&self.types);
        let understanding = Understanding {
            document,
            operation_name: params.operation_name,
            types,
            trace,
        };
        Ok(Prepared {
            kind,
            request,
            cost,
            understanding,
        })
    }

    /// The one result of a query or a mutation.
    pub(super) async fn execute(&self, prepared: Prepared) -> Answer {
        let Prepared {
            request,
            cost,
            understanding,
            ..
        } = prepared;
        let execution = AssertUnwindSafe(self.schema.execute(request)).catch_unwind();
        match tokio::time::timeout(self.limits.request_time, execution).await {
            Ok(Ok(response)) => understanding.answer(response, Some(cost)),
            Ok(Err(panic)) => errors::panicked(&*panic, &understanding.trace),
            Err(_) => errors::timed_out(&understanding.trace),
        }
    }

    /// The results of any operation: one, or as many as a subscription has. The cost comes with the
    /// first.
    pub(super) fn results(&self, prepared: Prepared) -> BoxStream<'static, Answer> {
        let span = tracing::info_span!("graphql", trace_id = %prepared.understanding.trace);
        if prepared.kind != OperationType::Subscription {
            let service = self.clone();
            return stream::once(async move { service.execute(prepared).await }.instrument(span)).boxed();
        }
        let Prepared {
            request,
            cost,
            understanding,
            ..
        } = prepared;
        let mut cost = Some(cost);
        let mut answers = AssertUnwindSafe(self.schema.execute_stream(request, None))
            .catch_unwind()
            .map(move |item| match item {
                Ok(response) => understanding.answer(response, cost.take()),
                Err(panic) => errors::panicked(&*panic, &understanding.trace),
            });
        stream::poll_fn(move |context| span.in_scope(|| answers.poll_next_unpin(context))).boxed()
    }
}
