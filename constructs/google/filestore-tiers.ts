import type { Protection } from "../core/protection";

/** What a tier of Filestore has. */
export interface FilestoreTier {
  /** Prefix of the range of addresses that an instance takes. */
  readonly prefix: number;
  /** Capacities in GiB: from the first to the last of a range, in steps. An instance never leaves its range. */
  readonly capacities: readonly { readonly from: number; readonly to: number; readonly step: number }[];
}

/** Below 1 TiB, REGIONAL needs a performance of its own, and BASIC_HDD to be made by GKE's driver. */
const SCALING = [
  { from: 1024, to: 9984, step: 256 },
  { from: 10240, to: 102400, step: 2560 },
] as const;

/**
 * Sources: https://cloud.google.com/filestore/docs/service-tiers, for the addresses what Google's own driver asks for,
 * https://github.com/kubernetes-sigs/gcp-filestore-csi-driver/tree/master/pkg, and for REGIONAL below 1 TiB
 * https://github.com/kubernetes-sigs/gcp-filestore-csi-driver/issues/1325
 */
export const FILESTORE_TIERS = {
  BASIC_HDD: { prefix: 29, capacities: [{ from: 1024, to: 65433, step: 1 }] },
  ZONAL: { prefix: 26, capacities: SCALING },
  REGIONAL: { prefix: 26, capacities: SCALING },
} as const satisfies Record<string, FilestoreTier>;

/** The tier of an environment that names none. */
export function defaultTier(protection: Protection): keyof typeof FILESTORE_TIERS {
  return protection === "disposable" ? "BASIC_HDD" : "REGIONAL";
}

/** In words what an instance of the tier may have, where this is not it. */
export function allowedCapacity(tier: keyof typeof FILESTORE_TIERS, capacityGb: number): string | undefined {
  const { capacities }: FilestoreTier = FILESTORE_TIERS[tier];
  const fits = capacities.some(
    ({ from, to, step }) => capacityGb >= from && capacityGb <= to && (capacityGb - from) % step === 0,
  );
  if (fits) return undefined;
  const ranges = capacities.map(({ from, to, step }) => `${from} to ${to}${step === 1 ? "" : ` in steps of ${step}`}`);
  return `${ranges.join(", or ")}, for ${tier}`;
}
