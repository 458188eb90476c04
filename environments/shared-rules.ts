import type { Fault } from "../constructs/core/errors";
import { parseCidr } from "./fields";
import type { SizedEnvironment } from "./sizing/environment";

export interface Rule<E> {
  /** Paths of the fields that the rule reads; it is left out where one of them is wrong in itself. */
  readonly reads: readonly string[];
  /** The faults it finds; paths are relative to the environment. */
  check(environment: E): readonly Fault[];
}

/**
 * Oldest database that each branch of Moodle accepts.
 * Source: https://moodledev.io/general/releases and Moodle's own admin/environment.xml.
 */
export const DATABASE_REQUIREMENTS = {
  "4.5": { postgresql: "13", mysql: "8.0", mariadb: "10.6.7" },
  "5.1": { postgresql: "15", mysql: "8.4", mariadb: "10.11" },
  "5.2": { postgresql: "16", mysql: "8.4", mariadb: "10.11" },
} as const;

/** Rules of every cloud. */
export const SHARED_RULES: readonly Rule<SizedEnvironment>[] = [
  {
    reads: ["name", "protection"],
    check: ({ name, protection }) =>
      name === "production" && protection === "disposable"
        ? [
            fault(
              "protection",
              protection,
              '"protected", or "retiring" before production is taken down',
              "protect production, or give the environment another name",
            ),
          ]
        : [],
  },
  {
    reads: ["moodle.version", "database.engine", "database.version"],
    check: ({ moodle, database }) => {
      const oldest = DATABASE_REQUIREMENTS[moodle.version][database.engine];
      return isOlder(database.version, oldest)
        ? [
            fault(
              "database.version",
              database.version,
              `${oldest} or newer for Moodle ${moodle.version}`,
              "raise database.version or lower moodle.version",
            ),
          ]
        : [];
    },
  },
  {
    reads: ["moodle.version", "moodle.fileStorage"],
    check: ({ moodle }) =>
      moodle.version !== "4.5" && moodle.fileStorage === "object-store"
        ? [
            fault(
              "moodle.fileStorage",
              moodle.fileStorage,
              `"shared-files" for Moodle ${moodle.version}: ObjectFS supports 4.5 at most`,
              'set moodle.fileStorage to "shared-files", or moodle.version to "4.5"',
            ),
          ]
        : [],
  },
  {
    reads: ["sizing", "protection", "moodle.web"],
    check: ({ moodle: { web } }) =>
      web.minReplicas > web.maxReplicas
        ? [
            fault(
              "moodle.web.minReplicas",
              web.minReplicas,
              `at most moodle.web.maxReplicas (${web.maxReplicas})`,
              "lower minReplicas or raise maxReplicas",
            ),
          ]
        : [],
  },
  {
    reads: ["moodle.mail.port"],
    check: ({ moodle: { mail } }) =>
      mail?.port === 25
        ? [
            fault(
              "moodle.mail.port",
              25,
              "587, 465 or another port than 25, which both clouds block",
              "change the port",
            ),
          ]
        : [],
  },
  {
    reads: ["monitoring", "moodle.monitoring"],
    check: ({ monitoring, moodle }) =>
      monitoring !== undefined && moodle.monitoring !== undefined
        ? [
            fault(
              "moodle.monitoring",
              moodle.monitoring,
              "nothing beside monitoring, whose Prometheus watches the site",
              "leave moodle.monitoring out, or monitoring",
            ),
          ]
        : [],
  },
  {
    reads: ["monitoring", "moodle.web.autoscaling"],
    check: ({ monitoring, moodle: { web } }) =>
      web.autoscaling !== undefined && web.autoscaling.prometheusAddress === undefined && monitoring === undefined
        ? [
            fault(
              "moodle.web.autoscaling.prometheusAddress",
              undefined,
              "the address of a Prometheus that scrapes the site, where monitoring is off",
              "name it, or turn monitoring on",
            ),
          ]
        : [],
  },
  {
    reads: ["protection", "backups.lockDays"],
    check: ({ protection, backups }) =>
      protection === "disposable" && (backups.lockDays ?? 0) > 0
        ? [
            fault(
              "backups.lockDays",
              backups.lockDays,
              "0 where protection is disposable: a locked backup cannot be destroyed",
              "leave lockDays out, or protect the environment",
            ),
          ]
        : [],
  },
  {
    reads: ["region", "zones", "protection"],
    check: ({ zones: given, region, protection }) => {
      if (given === undefined) return [];
      const needed = protection === "disposable" ? 2 : 3;
      // europe-west12-a begins with europe-west1 as well.
      const foreign = given.filter((zone) => zone.replace(/-?[a-z]$/, "") !== region);
      return [
        ...(new Set(given).size < needed
          ? [
              fault(
                "zones",
                given,
                `${needed} different zones or more where ${protection}`,
                "name more zones of the region",
              ),
            ]
          : []),
        ...(foreign.length > 0
          ? [fault("zones", foreign, `zones of ${region}`, "name zones of the environment's own region")]
          : []),
      ];
    },
  },
];

export function fault(path: string, given: unknown, allowed: string, remedy: string): Fault {
  return { path, given, allowed, remedy };
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Whether the site's domain lies in the zone in which its records are made. */
export function domainInZone(domain: string, zone: string, zoneField: string): Fault[] {
  return domain === zone || domain.endsWith(`.${zone}`)
    ? []
    : [fault("domain", domain, `a name in the zone ${zone}`, `change domain, or name its zone in ${zoneField}`)];
}

/** Address ranges that overlap, a fault for each that overlaps earlier ones; `ranges` are by the paths of their fields. */
export function overlaps(ranges: Readonly<Record<string, string>>): Fault[] {
  const entries = Object.entries(ranges);
  return entries.flatMap(([path, range], index) => {
    const met = entries.slice(0, index).filter(([, earlier]) => {
      const [a, b] = [parseCidr(range), parseCidr(earlier)];
      return a !== undefined && b !== undefined && (a.contains(b) || b.contains(a));
    });
    if (met.length === 0) return [];
    const others = met.map(([earlierPath, earlier]) => `${earlierPath} (${earlier})`).join(" and ");
    const remedy = `move this range, or ${met.map(([earlierPath]) => earlierPath).join(" and ")}`;
    return [fault(path, range, `a range apart from ${others}`, remedy)];
  });
}
