import type { CountingProxy } from "./proxy";
import { expectConcurrentRunsToAgree, killAtRandomTimes, killAtSteps, type Site } from "./site";

/** Whenever a run dies, the next one leaves database and store in agreement. `proxy` stands before the site's database. */
export function describeKills(site: () => Site, proxy: () => CountingProxy): void {
  describe("killed", () => {
    afterEach(() => {
      proxy().restart();
      site().store.restart();
    });

    test("at any statement: the next run puts it right", async () => {
      const steps = await killAtSteps(site(), (step, kill) => {
        proxy().restart((count) => {
          if (count === step) kill();
        });
      });
      expect(steps).toBeGreaterThan(40);
    }, 1_800_000);

    test.each(["before", "after"] as const)(
      "%s any call of the store: the next run puts it right",
      async (moment) => {
        const steps = await killAtSteps(site(), (step, kill) => {
          site().store.restart((when, count) => {
            if (when === moment && count === step) kill();
          });
        });
        expect(steps).toBeGreaterThanOrEqual(10);
      },
      900_000,
    );

    test("at random times: the next run puts it right", async () => {
      await killAtRandomTimes(site(), 12, 600);
    }, 900_000);

    test("not at all: two runs at once agree on every password", async () => {
      await expectConcurrentRunsToAgree(site(), 6);
    }, 900_000);
  });
}
