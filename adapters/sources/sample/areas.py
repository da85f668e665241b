"""The parts of each project: where their files lie, what their work is about, and who knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Area:
    """A directory that somebody owns.

    Shape:
        prefix: the directory, with a slash at its end.
        files: what is there at first, relative to `prefix`; paths that begin with `/` are relative to the repository.
        spare: files that may still be added, and that removed ones become again.
        topics: what its issues are about, as noun phrases.
        people: how often each person is the one to take such an issue, relative to the others.
        share: how much of the project's work is here, relative to its other areas.
    """

    prefix: str
    files: tuple[str, ...]
    spare: tuple[str, ...]
    topics: tuple[str, ...]
    people: Mapping[str, float]
    share: float = 1.0

    def path(self, name: str) -> str:
        """The path of one of the area's files inside the repository."""
        return name[1:] if name.startswith("/") else self.prefix + name


def _area(prefix: str, files: str, spare: str, topics: str, *, people: Mapping[str, float], share: float = 1.0) -> Area:
    """An area from words: files and spares between blanks, topics between semicolons."""
    return Area(
        prefix=prefix,
        files=tuple(files.split()),
        spare=tuple(spare.split()),
        topics=tuple(topic.strip() for topic in topics.split(";")),
        people=people,
        share=share,
    )


DISPATCH_CODE: Final = "src/main/java/example/brambleway/dispatch/"

AREAS: Final[Mapping[str, tuple[Area, ...]]] = {
    "payouts": (
        _area(
            "internal/retry/",
            "schedule.go schedule_test.go backoff.go worker.go deadletter.go",
            "jitter.go budget.go budget_test.go metrics.go",
            "retry of failed payouts; exponential backoff of bank timeouts; the dead letter queue of payouts; the "
            "retry budget per merchant; duplicate payouts after a worker restart",
            share=1.3,
            people={"Amara Okafor": 5, "Daniel Krüger": 4, "Samir Haddad": 2},
        ),
        _area(
            "internal/ledger/",
            "posting.go posting_test.go balance.go rounding.go account.go",
            "snapshot.go snapshot_test.go audit.go currency.go",
            "double-entry postings; rounding of split fees; the nightly balance snapshot; multi-currency balances; "
            "the audit trail of manual postings",
            people={"Daniel Krüger": 5, "Núria Ferrer": 3, "Amara Okafor": 2},
        ),
        _area(
            "internal/bank/",
            "sepa.go sepa_test.go iban.go statement.go client.go",
            "mandate.go mandate_test.go holiday.go camt.go",
            "SEPA file generation; IBAN validation; bank statement import; cut-off times on bank holidays; rejected "
            "direct debits",
            people={"Núria Ferrer": 4, "Samir Haddad": 3, "Kofi Mensah": 1},
        ),
    ),
    "checkout": (
        _area(
            "src/main/java/example/brambleway/checkout/cart/",
            "Cart.java CartController.java CartRepository.java LineItem.java CartTest.java",
            "CartMerge.java CartMergeTest.java CartLock.java Substitution.java",
            "merging of guest carts; stock reservations in the cart; substitutions of sold-out items; cart expiry; "
            "quantity limits per household",
            people={"Maria Schmidt": 4, "Kofi Mensah": 3, "Samir Haddad": 2},
        ),
        _area(
            "src/main/java/example/brambleway/checkout/payment/",
            "PaymentFlow.java CardAuthorisation.java Refunds.java PaymentFlowTest.java Idempotency.java",
            "WalletPayment.java WalletPaymentTest.java ThreeDSecure.java Capture.java",
            "card authorisation; idempotency keys of payments; partial refunds; strong customer authentication; "
            "payment by wallet",
            share=1.4,
            people={"Samir Haddad": 4, "Maria Schmidt": 3, "Kofi Mensah": 3},
        ),
        _area(
            "src/main/java/example/brambleway/checkout/pricing/",
            "Basket.java Voucher.java Tax.java DeliveryFee.java PricingTest.java",
            "Loyalty.java LoyaltyTest.java Surcharge.java Deposit.java",
            "stacked vouchers; bottle deposits; delivery fees by slot; tax on mixed baskets; loyalty discounts",
            people={"Kofi Mensah": 3, "Maria Schmidt": 3},
        ),
    ),
    "storefront": (
        _area(
            "apps/web/src/catalogue/",
            "ProductGrid.tsx ProductCard.tsx filters.ts useCatalogue.ts ProductGrid.test.tsx",
            "Allergens.tsx Allergens.test.tsx Badges.tsx sorting.ts",
            "allergen badges on product cards; filters by diet; sorting by price per kilo; out-of-stock products; "
            "product pictures on slow networks",
            people={"Leon Fischer": 5, "Zoë Lefèvre": 2, "Martin Schmidt": 1},
        ),
        _area(
            "apps/web/src/slots/",
            "SlotPicker.tsx calendar.ts useSlots.ts SlotPicker.test.tsx holdTimer.ts",
            "SlotLegend.tsx waitlist.ts waitlist.test.ts EcoSlot.tsx",
            "the delivery slot picker; slot holds that expire; the waiting list of full slots; eco slots; keyboard "
            "use of the slot calendar",
            people={"Martin Schmidt": 4, "Leon Fischer": 3},
        ),
        _area(
            "packages/rendering/src/",
            "server.ts cache.ts hydrate.ts headers.ts server.test.ts",
            "edge.ts edge.test.ts critical.ts preload.ts",
            "server rendering of category pages; the edge cache of rendered pages; hydration mismatches; cache "
            "headers of personalised pages; preloading of fonts",
            people={"Zoë Lefèvre": 5, "Martin Schmidt": 3},
        ),
    ),
    "search": (
        _area(
            "search/ranking/",
            "score.py boosts.py personal.py features.py rerank.py",
            "freshness.py calibration.py judgments.py diversity.py",
            "ranking by purchase history; boosts of seasonal products; the learning-to-rank features; diversity of "
            "the first ten results; calibration of relevance scores",
            people={"田中 美咲": 5, "Daniel Osei": 3, "Leon Fischer": 1},
        ),
        _area(
            "search/indexing/",
            "pipeline.py documents.py bulk.py aliases.py mapping.py",
            "tombstones.py snapshots.py backpressure.py checks.py",
            "full reindexing without downtime; bulk writes to the index; deleted products that still show; the "
            "mapping of nutrition facts; index snapshots",
            people={"Daniel Osei": 4, "田中 美咲": 3, "Zoë Lefèvre": 1},
        ),
        _area(
            "search/query/",
            "parse.py synonyms.py spelling.py suggest.py language.py",
            "compounds.py numbers.py brands.py fallback.py",
            "spelling correction; synonyms of regional products; suggestions while typing; German compound words; "
            "searches without a result",
            people={"Zoë Lefèvre": 2, "田中 美咲": 3, "Daniel Osei": 3, "Leon Fischer": 2},
        ),
    ),
    "dispatch": (
        _area(
            DISPATCH_CODE + "routing/",
            "RouteSolver.java TimeWindows.java TravelTimes.java Insertion.java LocalSearch.java RouteSolverTest.java",
            "FrozenStops.java Capacity.java CapacityTest.java TrafficModel.java",
            "route optimisation with time windows; travel times at rush hour; freezing of a courier's next stops; "
            "vehicle capacity of cold boxes; local search that runs out of time",
            share=2.6,
            people={"Ingrid Solheim": 11, "Tomasz Wójcik": 5.5, "Olga Petrenko": 0.5},
        ),
        _area(
            DISPATCH_CODE + "assignment/",
            "ShiftPlan.java CourierPool.java Assignment.java AssignmentTest.java Breaks.java",
            "Skills.java SkillsTest.java Standby.java Fairness.java",
            "assignment of tours to couriers; rest breaks in shift plans; couriers on standby; fair distribution of "
            "late tours; couriers without a cooling vehicle",
            people={"Olga Petrenko": 5, "Rafael Monteiro": 3},
        ),
        _area(
            DISPATCH_CODE + "tracking/",
            "PositionStream.java Eta.java Geofence.java EtaTest.java Notifications.java",
            "Delay.java DelayTest.java Replay.java Smoothing.java",
            "arrival estimates for customers; the stream of courier positions; geofences around depots; delay "
            "notifications; gaps in position data",
            people={"Rafael Monteiro": 3, "Olga Petrenko": 3, "Yusuf Demir": 2},
        ),
    ),
    "courier-app": (
        _area(
            "app/src/main/kotlin/sync/",
            "OfflineQueue.kt SyncWorker.kt Conflict.kt OutboxDao.kt OfflineQueueTest.kt",
            "Backfill.kt BackfillTest.kt Clock.kt Compression.kt",
            "the offline queue of deliveries; sync conflicts after a dead zone; battery use of background sync; clock"
            " skew of phones; lost proof-of-delivery photos",
            share=1.3,
            people={"Yusuf Demir": 4, "Rafael Monteiro": 2},
        ),
        _area(
            "app/src/main/kotlin/tour/",
            "TourScreen.kt StopCard.kt Navigation.kt Scanner.kt TourViewModel.kt",
            "Handover.kt HandoverTest.kt AgeCheck.kt Deposits.kt",
            "the tour screen; barcode scanning in the dark; age checks at the door; returned deposits; handover "
            "between couriers",
            people={"Olga Petrenko": 3, "Yusuf Demir": 3, "Rafael Monteiro": 1},
        ),
    ),
    "platform-infra": (
        _area(
            "modules/network/",
            "main.tf variables.tf outputs.tf peering.tf firewall.tf",
            "dns.tf nat.tf egress.tf flow_logs.tf",
            "private peering with the bank network; egress rules of the clusters; DNS of internal services; flow "
            "logs; NAT gateway costs",
            people={"Victor Lindqvist": 1},
            share=2,
        ),
        _area(
            "modules/cluster/",
            "main.tf nodes.tf autoscaling.tf iam.tf outputs.tf",
            "spot.tf upgrades.tf quotas.tf taints.tf",
            "Kubernetes node autoscaling; cluster upgrades; spot instances for batch work; pod quotas per team; "
            "workload identity",
            people={"Björn Åkesson": 4, "Chen Wei": 3},
        ),
        _area(
            "modules/database/",
            "main.tf replicas.tf backups.tf parameters.tf alarms.tf",
            "failover.tf encryption.tf pooling.tf restore.tf",
            "PostgreSQL read replicas; point-in-time restore; connection pooling; database failover drills; "
            "storage alarms",
            share=0.8,
            people={"Chen Wei": 4, "Björn Åkesson": 2},
        ),
    ),
    "data-warehouse": (
        _area(
            "models/marts/",
            "orders.sql order_lines.sql customers.sql couriers.sql schema.yml",
            "baskets.sql churn.sql refunds.sql margins.sql",
            "the orders mart; margins per delivery slot; customer churn; refunds per depot; basket sizes by region",
            share=1.4,
            people={"Priya Raman": 1},
        ),
        _area(
            "models/staging/",
            "stg_payouts.sql stg_orders.sql stg_tours.sql stg_search_clicks.sql sources.yml",
            "stg_vouchers.sql stg_stock.sql stg_slots.sql stg_surveys.sql",
            "late events in staging models; search clicks from the event stream; soft-deleted orders; schema changes "
            "of the tour export; personal data in raw tables",
            people={"Priya Raman": 1},
        ),
        _area(
            "pipelines/",
            "load.py freshness.py backfill.py quality.py schedule.py",
            "lineage.py lineage_test.py costs.py partitions.py",
            "backfills of a broken day; freshness alarms; warehouse costs per model; data quality checks; "
            "partition pruning",
            people={"Priya Raman": 1},
        ),
    ),
}
"""Areas by project name."""
