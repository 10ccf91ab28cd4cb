"""`cmtmedqa demo-site`: a small consultation site on this computer, to learn and test crawling on."""

from typing import Annotated

import typer

PORT = 8732


def demo_site(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the site; 0: any that is free.")] = PORT,
    pages: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of consultations.")] = 200,
    seed: Annotated[int, typer.Option(help="Another number gives other texts and faults.")] = 1,
    faults: Annotated[
        bool,
        typer.Option("--faults/--no-faults", help="Plant what real sites do: busy answers, redirects, odd charsets."),
    ] = True,
    traps: Annotated[
        bool, typer.Option("--traps", help="Also plant a refusal and a verification page, which end a crawl.")
    ] = False,
    crawl_delay: Annotated[float, typer.Option(min=0, help="Crawl-delay in robots.txt, in seconds.")] = 0.0,
    per_second: Annotated[
        float, typer.Option(min=0, help="Answer 429 above this many requests a second; 0: never.")
    ] = 0.0,
) -> None:
    """Serve an invented consultation site that only this computer can reach. Ctrl-C ends it."""
    from cmtmedqa.crawl.replica import Replica
    from cmtmedqa.crawl.replica_site import FAULTS, TRAPS

    planted = (FAULTS if faults else ()) + (TRAPS if traps else ())
    replica = Replica(port, pages, seed, planted, crawl_delay, per_second)
    typer.echo(f"demo site: {replica.base}/ ({pages:,} consultations; Ctrl-C ends)")
    base = "" if port == PORT else f" --base {replica.base}"
    typer.echo(f"crawl it: cmtmedqa crawl demo --contact you@your-institute.example{base}")
    try:
        replica.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        replica.server_close()
