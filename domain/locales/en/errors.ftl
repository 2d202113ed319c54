# Why something was refused, for the person who asked. One `error-…` per UserErrorCode of the contract;
# `.generic` speaks where the caller does not know the specifics.

unauthenticated = Please sign in first.
forbidden = This needs the permission “{ $scope }”. An administrator of your team can grant it.
    .generic = You do not have permission to do this. An administrator of your team can help.

error-invalid = Something here is not filled in correctly. Please check it and try again.
error-not-found = We could not find it. It may have been removed, or the id may be mistyped.
error-conflict = Somebody changed this in the meantime. Please reload it and try again.
error-rate-limited = { $seconds ->
        [one] That was a lot in a short time. Please try again in one second.
       *[other] That was a lot in a short time. Please try again in { $seconds } seconds.
    }
    .generic = That was a lot in a short time. Please try again in a few minutes.
error-credentials-invalid = The email address or the password is not right. Please check both and try again.
error-team-required = You are in several teams with this address and password. Please choose one.
error-token-invalid = This link or code is no longer valid. Please ask for a new one.
error-impersonation-not-allowed = You cannot view the platform as this user. It takes the role of administrator with the impersonation feature, and it works neither for yourself nor for another administrator.
error-not-allowed-while-impersonating = This is not possible while you are viewing the platform as somebody else. Stop viewing as that user first.
error-module-disabled = Your team does not use this module. An administrator can switch it on.

error-refund-kind-not-supported = { $kind ->
        [PREPAID] Prepaid purchases cannot be refunded here; only single purchases can.
        [RECURRING] Recurring purchases cannot be refunded here; only single purchases can.
        [RETAIL] Retail purchases cannot be refunded here; only single purchases can.
       *[other] Purchases of this kind cannot be refunded here; only single purchases can.
    }
    .generic = Only single purchases can be refunded here.
error-refund-gateway-not-supported = { $gateway ->
        [PAYPAL] Payments through PayPal cannot be refunded here; only those through Stripe and Mercado Pago can.
        [MANUAL] Payments recorded by hand cannot be refunded here; only those through Stripe and Mercado Pago can.
       *[other] This payment cannot be refunded here; only those through Stripe and Mercado Pago can.
    }
    .generic = Only payments through Stripe and Mercado Pago can be refunded here.
error-refund-purchase-not-active = { $status ->
        [PENDING] This purchase has not been paid yet, so there is nothing to refund.
        [REFUNDED] This purchase has already been refunded in full.
        [CANCELED] { $days ->
            [one] This purchase was canceled more than a day ago. Canceled purchases can be refunded within one day.
           *[other] This purchase was canceled too long ago. Canceled purchases can be refunded within { $days } days.
        }
       *[other] { $days ->
            [one] Only purchases that are active, or were canceled within the last day, can be refunded.
           *[other] Only purchases that are active, or were canceled within the last { $days } days, can be refunded.
        }
    }
    .generic = Only purchases that are active or were canceled recently can be refunded.
error-refund-already-requested = A refund of this purchase is already under way. Please wait until it is finished.
error-refund-note-required = Please add a note that says why: the reason “other” needs one.
error-refund-amount-exceeds-paid = That is more than is left to refund. At most { $left } can be given back.
    .generic = That is more than is left to refund of this purchase.
error-refund-policy-override-required = The customer has read { $percent } % of it; above { $threshold } % the policy speaks against a refund. To refund all the same, set “overridePolicy” and say why in a note.
    .generic = The customer has read too much of it for a refund under the policy. To refund all the same, set “overridePolicy” and say why in a note.
override-scope-missing = Only people with the permission “refunds.override” may refund against the policy. Please ask one of them.
note-required-override = Please add a note that says why an exception is made to the policy.
error-refund-amount-not-possible = The gateway cannot move exactly this amount: it must be a multiple of { $step }.
    .generic = The gateway cannot move exactly this amount.
error-refund-not-resolvable = This refund cannot be ended by hand now.
resolve-settled = This refund is settled already.
resolve-too-early = This refund is still on its way. It can be ended by hand once it needs attention, or { $minutes } minutes after it was requested.
resolve-under-way = A worker is asking the gateway about this refund right now, or has just done so. Look at the refund again before you end it.
conflict-refund-not-made = The gateway was asked once more and knows no such refund, nor that so much of the payment has gone back. If the money did not go back, say that the refund failed.
note-required-resolve = Please add a note that says what you have found at the gateway.

error-entitlement-already-active = This person already has active access to this product. Extend it instead of granting it again.
error-entitlement-lifetime = This is lifetime access: it does not expire, so there is nothing to extend.
error-entitlement-not-active = This access is not active. Access that has ended or was revoked is given back by a new grant.
entitlement-not-begun = This access has not begun yet. Only active access can be extended.
entitlement-none-to-revoke = This user has no access to the product that could be revoked.
error-entitlement-expiry-not-later = The new expiry must be later than the present one.
error-product-inactive = This product is not active, so no access to it can be granted. Choose an active product.

error-invoice-not-draft = Only drafts can be changed. Void this invoice and write a new one.
error-invoice-not-payable = This invoice cannot be paid: it is a draft, void or already settled.
error-gateway-not-configured = This payment provider has not been set up for your team. An administrator can do so in the settings.
error-credit-limit-exceeded = This would go beyond the customer's credit limit. Grant a smaller amount, or raise the limit in the settings.
error-ticket-closed = This ticket is closed. Please open a new one.
error-export-empty = There is nothing to export. Choose at least one entry, or widen the filter.
error-export-not-cancelable = This export is already finished, so there is nothing left to cancel.
error-job-not-retryable = This job cannot be run again: it is waiting, running or already done.

conflict-idempotency-key = This idempotency key was used before, for a different request. Use a new key.
conflict-external-id = This external id already belongs to something else that cannot be changed in this way.
conflict-store-status = The store had already reported this purchase as { $known }, and a purchase does not go back from there. Record a new one if it was bought again.
conflict-payment = This payment cannot be recorded here. Please check its id, and that it was taken with your own account at the gateway.
conflict-email = Somebody in your team already uses this email address.
conflict-member-owns-another = One of the members has an ecosystem of their own. Leave them out here, or give theirs another owner first.
conflict-owner-owns-another = The owner has another ecosystem already, and nobody has two. Name somebody else, or give that one another owner first.
conflict-suspended-elsewhere = Somebody named here is in another ecosystem that is suspended, and does not leave it in this way. Activate that one, or record it without them first.

not-found-purchase = We could not find this purchase. Please check its id.
not-found-user = We could not find this person. Please check the id.
not-found-product = We could not find this product. Please check its id.
not-found-refund = We could not find this refund. Please check its id.
not-found-api-key = We could not find this API key. Please check its id.
not-found-team = We could not find this team. Please check its id.
not-found-entitlement = We could not find this access. Please check its id.
not-found-ecosystem = We could not find this ecosystem. Please check its id.
not-found-queue = There is no queue of this name.
not-found-job = We could not find this job. Please check its id.
not-found-export = We could not find this export. Please check its id.

administrators-only = Only administrators may do this.
cursor-expired = The events after this cursor are no longer kept. Start again without a cursor.
cursor-invalid = This cursor is not one of this list.
page-invalid = Ask for 0 to 100 rows, with either `first` or `last`.

impersonation-administrators-only = Only administrators can see the platform as somebody else.
impersonation-feature-missing = Your account may not see the platform as somebody else. Ask for the feature IMPERSONATION.
impersonation-oneself = You already see the platform as yourself.
impersonation-administrator = Nobody sees the platform as another administrator.
impersonation-suspended = This user, or their ecosystem, is suspended. Activate it first.
impersonation-none = You are not seeing the platform as somebody else.
not-found-impersonation = There is no such impersonation under way.
conflict-own-account = You cannot take this from your own account. Ask another administrator.
conflict-own-ecosystem = You are in this ecosystem yourself and would be locked out. Ask an administrator who is not in it.
