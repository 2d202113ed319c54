# Mails to customers.

mail-greeting = Hello { $name },
mail-greeting-nameless = Hello,
mail-signature = The { $team } team
mail-questions = Any questions? Just reply to this email or write to { $address }.
mail-questions-with-number = Please mention the refund number above, so that we find it at once.
mail-why = You receive this message because of your purchase from { $team }.

mail-detail-product = Product
mail-detail-amount = Amount
mail-detail-requested-on = Requested on
mail-detail-refunded-on = Refunded on
mail-detail-failed-on = Refused on
mail-detail-number = Refund number

mail-access-ended = Your access to { $product } has ended with this refund.
mail-access-kept = You keep your access to { $product }.
mail-access-restored = Your access to { $product } is active again.

mail-how-long-title = When will the money arrive?
mail-how-long = { $gateway ->
        [STRIPE] Banks usually take 5 to 10 business days to show a refund. It goes back to the card or account that you paid with. If you paid only recently, the payment may simply disappear from your statement instead.
        [MERCADO_PAGO] It depends on how you paid with Mercado Pago. Account balance and Pix: usually the same day. Card: your bank may take up to 16 business days, and the refund appears on one of your next two statements.
       *[other] It depends on how you paid and on your bank: usually 5 to 10 business days.
    }

mail-refund-requested-subject = Your refund for { $product } has been requested
mail-refund-requested-status = In progress
mail-refund-requested-title = We are processing your refund
mail-refund-requested-lead = We have started the refund of { $amount } for { $product }. You do not have to do anything; we will write again as soon as it is confirmed.

mail-refund-succeeded-subject = Your refund for { $product } is on its way
mail-refund-succeeded-status = Refunded
mail-refund-succeeded-title = Your refund is on its way
mail-refund-succeeded-lead = We have refunded { $amount } for { $product }. The money goes back the way you paid.

mail-refund-failed-subject = Your refund for { $product } did not go through
mail-refund-failed-status = Not completed
mail-refund-failed-title = Your refund did not go through
mail-refund-failed-lead = We are sorry: the refund of { $amount } for { $product } was refused on its way to you.
mail-refund-failed-next-title = What happens now?
mail-refund-failed-next = Our team already knows and will contact you to find another way to give you your money back. You do not have to do anything. If the card or account that you paid with is closed, please tell us: that helps.

mail-detail-from = From
mail-detail-until = Until
mail-detail-for-life = For life

mail-access-granted-subject = You have access to { $product }
mail-access-granted-status = Active
mail-access-granted-title = Your access is ready
mail-access-granted-lead = We have given you access to { $product }. There is nothing to pay and nothing to do.
mail-access-granted-next-title = How do I open it?
mail-access-granted-next = Sign in as usual: you will find it in your library.
