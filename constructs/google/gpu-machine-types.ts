/** Of the G2 machine types. The others of the accelerator-optimized families end in the number: `a2-highgpu-2g`. */
const G2: Readonly<Record<string, number>> = { "4": 1, "8": 1, "12": 1, "16": 1, "24": 2, "32": 1, "48": 4, "96": 8 };

/**
 * GPUs of a node where the machine type fixes them: G2, A2, A3 and A4. `undefined` for one to which any number is attached.
 * Source: https://cloud.google.com/compute/docs/accelerator-optimized-machines
 */
export function gpusOfMachineType(machineType: string): number | undefined {
  const [, processors = ""] = /^g2-standard-(\d+)$/.exec(machineType) ?? [];
  const [, gpus] = /^a\d[a-z]*-[a-z]+-(\d+)g(-|$)/.exec(machineType) ?? [];
  return gpus === undefined ? G2[processors] : Number(gpus);
}
