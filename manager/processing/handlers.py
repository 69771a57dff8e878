"""What processing services send."""

from manager.context import ProcessingContext
from protocol import generic, s2t, t2s

NOTHING_TO_DO = generic.Boolean(success=False, message="there is nothing to do")
_DONE = generic.Boolean(success=True)


async def request_job(
    context: ProcessingContext, packet: t2s.JobRequest
) -> s2t.Job | generic.Boolean:
    """A service has hands free."""
    desk = context.parts.processing
    return await desk.next_job(context.service, packet.recipe_version) or NOTHING_TO_DO


async def request_view(context: ProcessingContext, packet: t2s.ViewRequest) -> s2t.ViewTicket:
    """A service has made a view and wants to store it."""
    return await context.parts.processing.view_form(context.service, packet)


async def job_done(context: ProcessingContext, packet: t2s.JobDone) -> generic.Boolean:
    """A service is done with a job."""
    await context.parts.processing.done(context.service, packet)
    return _DONE


async def job_failed(context: ProcessingContext, packet: t2s.JobFailed) -> generic.Boolean:
    """A service could not do a job."""
    await context.parts.processing.failed(context.service, packet)
    return _DONE


async def job_alive(context: ProcessingContext, packet: t2s.JobAlive) -> generic.Boolean:
    """A service still works on a job."""
    await context.parts.processing.alive(context.service, packet)
    return _DONE
