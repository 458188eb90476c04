/** Of the types that are named by their processors. Others of the accelerator-optimized families end in the number: `a2-highgpu-2g`. */
const BY_PROCESSORS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  g2: { "4": 1, "8": 1, "12": 1, "16": 1, "24": 2, "32": 1, "48": 4, "96": 8 },
  g4: { "48": 1, "96": 2, "192": 4, "384": 8 },
};

/**
 * GPUs of a node where the machine type fixes them: G2, G4, A2, A3 and A4. `undefined` for one to which any number is attached.
 * Source: https://cloud.google.com/compute/docs/accelerator-optimized-machines
 */
export function gpusOfMachineType(machineType: string): number | undefined {
  const [, family = "", processors = ""] = /^(g\d)-standard-(\d+)$/.exec(machineType) ?? [];
  const [, gpus] = /^a\d[a-z]*-[a-z]+-(\d+)g(-|$)/.exec(machineType) ?? [];
  return gpus === undefined ? BY_PROCESSORS[family]?.[processors] : Number(gpus);
}
