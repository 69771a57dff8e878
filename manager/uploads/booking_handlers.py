"""Booking upload services."""

from manager.context import ClientContext
from protocol import c2s, generic, s2c


async def request_booking(
    context: ClientContext, packet: c2s.UploadBookingRequest
) -> s2c.UploadBooking:
    """Books the desired amount; what is not there yet follows by `s2c:upload-booking-modify`."""
    amount = context.parts.bookings.request(context.client.id, packet.desired_amount)
    return s2c.UploadBooking(amount=amount)


async def clear_booking(context: ClientContext, _: c2s.UploadBookingClear) -> generic.Boolean:
    """Gives the booking back; refused while an upload of the client is on a service."""
    context.parts.bookings.clear(context.client.id)
    context.client.overwrites.booking_cleared()
    return generic.Boolean(success=True)
