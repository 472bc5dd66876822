"""Raises writers, sequencers and projectors as processes and kills them at random: run by test_nothing_is_lost.

Everything is imported once and each process is a fork, so that hundreds of kills take seconds. Prints one JSON line.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from uuid import UUID

from rustok.core.content import moving, publishing
from rustok.core.content import service as content
from rustok.core.tags import service as tags
from rustok.core.tenants import lookup
from rustok.kernel import consuming, errors, log
from rustok.kernel.db import Database
from rustok.server import modules


async def write(database: Database, tenant_id: UUID) -> None:
    """Change posts at random, as many clients at once would."""
    async with database.session() as session:
        tenant = await lookup.by_id(session, tenant_id)
    assert tenant is not None
    chance = random.Random(os.getpid())

    async def client() -> None:
        mine: list[UUID] = []
        while True:
            try:
                async with database.open(tenant) as context:
                    act = chance.random()
                    if act < 0.35 or not mine:
                        words = f"Post {chance.randrange(10**9)}"
                        made = await content.create(context, kind="post", title=words, body=words, tag_names=["shared"])
                        await publishing.publish(context, made.id)
                        fresh = made.id
                    else:
                        one, fresh = chance.choice(mine), None
                        if act < 0.6:
                            await content.update(context, one, title=f"Renamed {chance.randrange(10**9)}")
                        elif act < 0.75:
                            await tags.set_tags(context, "node", one, names=[f"tag {chance.randrange(5)}"])
                        elif act < 0.85:
                            await publishing.archive(context, one)
                        elif act < 0.95:
                            await publishing.publish(context, one)
                        else:
                            await moving.delete(context, one)
                            mine.remove(one)
                if fresh is not None:
                    mine.append(fresh)
            except errors.RustokError:
                continue

    await asyncio.gather(*(client() for _ in range(4)))


async def sequence(database: Database, _: UUID) -> None:
    """Number what is staged."""
    while True:
        if not await log.sequence(database, most=chance_of_batches()):
            await asyncio.sleep(0.003)


def chance_of_batches() -> int:
    """Small and large batches alike."""
    return random.choice((1, 5, 50, 500))


async def project(database: Database, _: UUID) -> None:
    """Follow the log as the program does, every consumer."""
    consumers = modules.consumers(modules.load())
    while True:
        done = 0
        for consumer in consumers:
            done += await consuming.advance(database, consumer, modules.find_tenant)
        if not done:
            await asyncio.sleep(0.003)


ROLES = {"writer": write, "sequencer": sequence, "projector": project}


def raise_child(role: str, app_url: str, worker_url: str, tenant_id: UUID) -> int:
    """Fork a process that plays a role until it is killed."""
    child = os.fork()
    if child:
        return child

    async def play() -> None:
        await ROLES[role](Database(app_url, worker_url), tenant_id)

    try:
        asyncio.run(play())
    except BaseException as error:
        sys.stderr.write(f"{role}: {error!r}\n")
        sys.stderr.flush()
    os._exit(3)


def main(app_url: str, worker_url: str, tenant: str, kills: int) -> None:
    """Keep two of each role alive while killing one after another."""
    chance = random.Random(20261123)
    tenant_id = UUID(tenant)
    casts = ["writer", "sequencer", "projector"] * 2
    running = [raise_child(role, app_url, worker_url, tenant_id) for role in casts]
    killed = dict.fromkeys(ROLES, 0)
    fell: list[str] = []
    time.sleep(1.0)
    for _ in range(kills):
        time.sleep(0.02 + chance.random() * 0.14)
        place = chance.choice((0, 3, 1, 1, 4, 4, 2, 2, 5, 5))  # a new writer must connect before it can write
        os.kill(running[place], signal.SIGKILL)
        _, status = os.waitpid(running[place], 0)
        if os.WIFEXITED(status):
            fell.append(casts[place])
        killed[casts[place]] += 1
        running[place] = raise_child(casts[place], app_url, worker_url, tenant_id)
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    sys.stdout.write(json.dumps({"killed": killed, "fell": fell}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
