# Acceso a los productos: por qué se dio o se retiró, y qué mirar cuando algo no se puede abrir.

revoked-by-refund = Revocado porque la compra se devolvió (devolución { $refund }).
    .generic = Revocado porque la compra se devolvió.
restored-after-refund = Restablecido porque la devolución { $refund } no se llevó a cabo.
revoked-by-external-refund = Revocado porque el pago se devolvió por completo en la pasarela o en la tienda.
restored-after-external-refund = Restablecido porque al final no se devolvió todo el pago en la pasarela o en la tienda.
revoked-by-fraud = Revocado porque el pago se denunció como fraudulento.
revoked-standard = Revocado por el equipo; no se indicó un motivo concreto.
granted-by-purchase = Dado por una compra.
granted-by-team = Concedido por el equipo.
restored-after-refund-failed = Restablecido porque la devolución falló.
access-lifetime = Acceso vitalicio.
access-until = Acceso hasta el { $date }.

finding-user-suspended = El usuario está suspendido. Actívalo para devolverle el acceso.
finding-ecosystem-suspended = El ecosistema del usuario está suspendido. Actívalo para devolver el acceso a todos sus miembros.
finding-product-inactive = El producto no está activo: ya no se ofrece, y puede que la tienda lo haya retirado.
finding-no-purchase = No hay ninguna compra activa de este producto.
finding-purchase-pending = Hay una compra de este producto que todavía no está pagada.
finding-no-entitlement = El usuario nunca ha tenido acceso a este producto.
finding-access-scheduled = El acceso empieza el { $date } a las { $time }.
finding-access-expired = El acceso caducó el { $date }.
finding-access-revoked = El acceso se revocó el { $date }.
finding-access-in-grace = El acceso ha caducado y está en periodo de gracia hasta el { $date }.
finding-never-opened = El usuario nunca lo ha abierto: busca un problema técnico de su lado.
finding-never-opened-yet = El usuario nunca lo ha abierto.
finding-opened = El usuario lo abrió por última vez el { $date }: entonces el acceso funcionaba.
finding-nothing-wrong = Todo está en orden: el usuario puede abrirlo ahora.

# Access for many at once: what cannot be asked, and what went wrong.
not-found-users = No hemos encontrado a todas las personas de esta lista. Revisa los identificadores.
not-found-entitlement-batch = No hemos encontrado este cambio en masa. Revisa su identificador.
conflict-batch-finished = Esto ya ha terminado, así que no queda nada que detener.
batch-filter-empty = Este filtro deja pasar a todo el mundo. Acótalo, o indica «everybody» si te refieres a todo el mundo.
batch-people-one-way = Indica de quién se trata de una sola manera: con un filtro, con identificadores o con «everybody».
batch-too-many = Se pueden nombrar como máximo { $max } personas una a una. Para más, usa un filtro.
batch-nobody = Nadie coincide con este filtro.
batch-user-failed = No se ha podido hacer por un fallo nuestro. Vuelve a intentarlo para esta persona.
batch-given-up = Se ha abandonado tras varios intentos. Lo que figura como hecho está hecho; vuelve a pedir el resto.
