/** What a PHP-FPM container may take. */
export interface FpmResources {
  /** Processors that it asks for. */
  readonly cpu: number;
  /** Memory at most, in MiB. */
  readonly memoryMb: number;
}

/** Shared memory of opcache (256) and APCu (64), and FPM itself with the children that answer probes, in MiB. */
export const SHARED_MB = 384;

/** What one child holds of its own, in MiB; a request that needs more borrows from children that wait. */
const CHILD_MB = 100;

/** A child waits for the database and Redis most of the time: this many share a processor. */
const CHILDREN_PER_CPU = 8;

/**
 * Children of PHP-FPM's static pool: as many as its processors keep busy and its memory holds, 2 at least. The image
 * computes the same from its container's resources.
 */
export function fpmChildren({ cpu, memoryMb }: FpmResources): number {
  return Math.max(2, Math.min(Math.floor(CHILDREN_PER_CPU * cpu), Math.floor((memoryMb - SHARED_MB) / CHILD_MB)));
}

/** What is not PHP's of a web pod: nginx, which passes bytes on, and the exporter of its metrics. */
export const WEB_POD_OVERHEAD = {
  nginx: { milliCpu: 100, memoryMb: 128 },
  exporter: { milliCpu: 10, memoryMb: 32 },
} as const;

/** What is left to PHP-FPM of a web pod of a size. The exporter's part stays free where nothing is monitored. */
export function fpmResources(pod: FpmResources): FpmResources {
  const { nginx, exporter } = WEB_POD_OVERHEAD;
  return {
    cpu: (Math.round(pod.cpu * 1000) - nginx.milliCpu - exporter.milliCpu) / 1000,
    memoryMb: pod.memoryMb - nginx.memoryMb - exporter.memoryMb,
  };
}
