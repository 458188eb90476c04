import type { NetworkPeer, SecretStore } from "../ports";

/** Where each store is, by the name under which secrets refer to it: the `stores` of the charts that open them. */
export function storeLocations(stores: readonly SecretStore[]): Record<string, unknown> {
  return Object.fromEntries(
    stores.map((one) => {
      const { store, cidr, ...location } = { cidr: undefined, ...one };
      return [store, location];
    }),
  );
}

/** What NetworkPolicies must allow beside the cloud's own APIs: the way to Vault. */
export function storePeers(stores: readonly SecretStore[]): NetworkPeer[] {
  return stores.flatMap((one) =>
    one.store === "vault" ? [{ cidr: one.cidr, port: Number(new URL(one.address).port || 443) }] : [],
  );
}
