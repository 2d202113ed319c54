# What staff read about a refund: the checklist, its effects, its timeline, and what is left to do.

refund-check-kind-is-single-passed = It is a single purchase.
refund-check-kind-is-single-failed = { $kind ->
        [PREPAID] It is a prepaid purchase; only single ones can be refunded.
        [RECURRING] It is a recurring purchase; only single ones can be refunded.
        [RETAIL] It is a retail purchase; only single ones can be refunded.
       *[other] It is not a single purchase; only those can be refunded.
    }
refund-check-gateway-supported-passed = It was paid through { $gateway ->
        [STRIPE] Stripe.
        [MERCADO_PAGO] Mercado Pago.
       *[other] a supported provider.
    }
refund-check-gateway-supported-failed = { $gateway ->
        [PAYPAL] It was paid through PayPal; only Stripe and Mercado Pago are supported.
        [MANUAL] The payment was recorded by hand; only Stripe and Mercado Pago are supported.
       *[other] The payment provider is not supported; only Stripe and Mercado Pago are.
    }
refund-check-purchase-active-or-recently-canceled-passed = { $status ->
        [CANCELED] It was canceled on { $date }, which is recent enough.
        [PARTIALLY_REFUNDED] It is active; part of it has been refunded.
       *[other] It is active.
    }
refund-check-purchase-active-or-recently-canceled-failed = { $status ->
        [PENDING] It has not been paid yet.
        [REFUNDED] It has already been refunded in full.
        [CANCELED] It was canceled on { $date }, more than { $days ->
            [1] a day ago.
           *[other] { $days } days ago.
        }
       *[other] It is not active.
    }
refund-check-read-less-than-half-passed = { $percent } % was read; the limit is { $threshold } %.
refund-check-read-less-than-half-failed = { $percent } % was read, more than the { $threshold } % that the policy allows.
refund-check-reading-recorded-passed = { $sessions ->
        [1] One session, { $duration } of reading in all: access worked.
       *[other] { $sessions } sessions, { $duration } of reading in all: access worked.
    }
refund-check-reading-recorded-failed = Nothing was read. Look for a technical fault first.
refund-check-not-refunded-before-passed = Nothing of it has been refunded before.
refund-check-not-refunded-before-failed = { $count ->
        [1] There is already one refund of this purchase, over { $amount }.
       *[other] There are already { $count } refunds of this purchase, { $amount } in all.
    }
refund-check-no-dispute-passed = The customer's bank has opened no dispute.
refund-check-no-dispute-failed = A dispute is open at the bank. Settle it there first: a refund now could pay the customer twice.
refund-check-purchase-history-clean-passed = { $count ->
        [1] This is the customer's only purchase.
       *[other] { $count } purchases in all, with no duplicates and no earlier refunds.
    }
refund-check-purchase-history-clean-failed = Worth a look: other active purchases of the same product: { $duplicates }; earlier refunds to this customer: { $refunds }.

effect-skipped-partial = Only part of the payment goes back, so plan and access stay.
effect-access-kept-other-purchase = Access stays: another paid purchase of the same product gives it.
effect-access-kept-manual = Access stays: somebody in the team granted or extended it by hand.
effect-no-access-granted = This purchase had not given any access.
effect-access-already-ended = The access had already ended on { $date }.
effect-plan-already-canceled = The plan had already been canceled on { $date }.
effect-no-plan = No plan hangs on this purchase.
effect-nothing-recurring = Nothing recurring hangs on this purchase.
effect-subscription-not-paused = The recurring payment could not be paused at the gateway: { $message }
    .generic = The recurring payment could not be paused at the gateway.
effect-subscription-already-ended = The recurring payment had already ended at the gateway.
effect-gateway-refused = The gateway refused the refund: { $message }
    .generic = The gateway refused the refund.
effect-gateway-took-back = The gateway took the refund back: the money did not reach the customer.
effect-declared-failed = Somebody in the team has found at the gateway that the money did not go back.
effect-went-back-past-us = Money went back in the gateway's own pages, so this refund was not made.
effect-restored-after-failure = The refund failed, so this was given back.
effect-restored-after-other-failed = Another part of the refund ({ $refund }) failed, so this was given back.
effect-fraud-not-restored = The reason was fraud, so plan and access were not given back.
effect-access-taken-for-good = Access was taken away for another reason in the meantime, so it was not given back.
effect-product-inactive-not-restored = The product is no longer active, so access was not given back.
effect-mail-not-delivered = The mail could not be delivered: { $message }
    .generic = The mail could not be delivered.

timeline-requested = Requested by { $name }.
timeline-processing = Sent to { $gateway ->
        [STRIPE] Stripe.
        [MERCADO_PAGO] Mercado Pago.
       *[other] the gateway.
    }
timeline-pending = { $gateway ->
        [STRIPE] Stripe has accepted it and will confirm.
        [MERCADO_PAGO] Mercado Pago has accepted it and will confirm.
       *[other] The gateway has accepted it and will confirm.
    }
timeline-succeeded = The money is on its way to the customer.
timeline-failed = The gateway refused it for good: { $message }
    .generic = The gateway refused it for good.
timeline-unknown = The gateway gave no clear answer. We are asking it what happened before doing anything else.
timeline-needs-attention = The outcome is still unknown after every attempt to ask. Somebody has to look at the gateway.
timeline-amount-mismatch = The gateway answered with { $answered } instead of { $asked }. Somebody has to look.
timeline-reversed = The gateway took it back: the money did not reach the customer. The purchase can be refunded again.
timeline-ambiguous = More than one refund at the gateway could be this one. Somebody has to look.
timeline-is-anothers = The gateway answered with a refund that is known as { $other }. Somebody has to look.
timeline-declared-succeeded = Somebody in the team has found at the gateway that the money went back.
timeline-declared-failed = Somebody in the team has found at the gateway that the money did not go back.
timeline-past-us = Somebody has given back { $gone } of the payment in the gateway's own pages; { $left } are left. This refund was not made.
hindrance-credentials = { $gateway ->
        [STRIPE] Stripe does not accept the team's credentials. It goes on by itself as soon as they are right.
        [MERCADO_PAGO] Mercado Pago does not accept the team's credentials. It goes on by itself as soon as they are right.
       *[other] The gateway does not accept the team's credentials. It goes on by itself as soon as they are right.
    }
hindrance-not-found = { $gateway ->
        [STRIPE] Stripe does not know this payment with the team's credentials: they may be of another account or of the test mode. It is tried again.
        [MERCADO_PAGO] Mercado Pago does not know this payment with the team's credentials: they may be of another account or of the test mode. It is tried again.
       *[other] The gateway does not know this payment with the team's credentials: they may be of another account or of the test mode. It is tried again.
    }
hindrance-busy = { $gateway ->
        [STRIPE] Stripe has no time or cannot be reached. It is tried again.
        [MERCADO_PAGO] Mercado Pago has no time or cannot be reached. It is tried again.
       *[other] The gateway has no time or cannot be reached. It is tried again.
    }
hindrance-silent = { $gateway ->
        [STRIPE] Stripe has given no clear answer. It is asked again before anything else is done.
        [MERCADO_PAGO] Mercado Pago has given no clear answer. It is asked again before anything else is done.
       *[other] The gateway has given no clear answer. It is asked again before anything else is done.
    }

follow-up-refund-failed = Refund { $refund } over { $amount } was refused by the gateway: “{ $message }”. Contact the customer and agree on another way to give the money back.
    .generic = Refund { $refund } over { $amount } was refused by the gateway. Contact the customer and agree on another way to give the money back.
follow-up-refund-needs-attention = We do not know what became of refund { $refund } over { $amount }. Look it up at the gateway before doing anything else; do not refund it a second time.
follow-up-refund-reversed = The gateway has taken back refund { $refund } over { $amount }: the customer does not have the money. Contact the customer; the purchase can be refunded again.
follow-up-refund-ambiguous = More than one refund at the gateway could be refund { $refund } over { $amount }. Look there which is which, and say in “refundResolve” how it ended; do not refund it a second time.
follow-up-refund-is-anothers = For refund { $refund } over { $amount } the gateway answered with { $atGateway }, which is known as refund { $other }. Look at the gateway which is which, and say in “refundResolve” how it ended.
follow-up-refund-declared-failed = Refund { $refund } over { $amount } was declared failed by hand. Contact the customer and agree on another way to give the money back.
follow-up-refund-past-us = Refund { $refund } over { $amount } was not made: somebody has given back { $gone } of the payment in the gateway's own pages, and { $left } are left. If the customer is to have more, request what is left.
follow-up-refund-held-up = Refund { $refund } over { $amount } has not gone on for an hour; its timeline says why. It goes on by itself once that is mended.
follow-up-refund-made-after-all = Refund { $refund } over { $amount } was declared failed by hand, and the gateway has made it after all. Its amount has been given back or promised otherwise since: compare what went back at the gateway.
follow-up-amount-mismatch = For refund { $refund } we asked for { $asked }, but the gateway reports { $answered }. Compare both at the gateway and put the difference right.
follow-up-subscription-not-paused = Refund { $refund } was made, but the recurring payment { $subscription } could not be paused. Pause it at the gateway, or the customer will be charged again.
follow-up-subscription-paused-in-vain = Refund { $refund } came to nothing, but the recurring payment { $subscription } was paused for it. Resume it at the gateway if it is to go on.
