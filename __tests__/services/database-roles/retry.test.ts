import { Log } from "../../../services/database-roles/src/log";
import { retry, until } from "../../../services/database-roles/src/retry";

const log = new Log(() => {});
const quickly = { firstDelay: 1, longestDelay: 2 };
const soon = () => ({ deadline: Date.now() + 5_000, log });

test("tries again until it succeeds", async () => {
  let attempts = 0;
  const result = await retry(
    "x",
    soon(),
    () => true,
    async () => {
      if (++attempts < 4) throw new Error("not yet");
      return attempts;
    },
    quickly,
  );
  expect(result).toBe(4);
});

test("does not try again after an error that waiting does not mend", async () => {
  let attempts = 0;
  const attempt = retry(
    "x",
    soon(),
    () => false,
    async () => {
      attempts++;
      throw new Error("wrong certificate");
    },
  );
  await expect(attempt).rejects.toThrow("wrong certificate");
  expect(attempts).toBe(1);
});

test("gives the last error when the deadline would pass", async () => {
  const attempt = retry(
    "x",
    { deadline: Date.now(), log },
    () => true,
    async () => {
      throw new Error("refused");
    },
  );
  await expect(attempt).rejects.toThrow("refused");
});

test("polls until there is an answer", async () => {
  let polls = 0;
  expect(await until("x", soon(), async () => (++polls === 3 ? "done" : undefined), quickly)).toBe("done");
});

test("names what took too long", async () => {
  const poll = until("the change", { deadline: Date.now(), log }, async () => undefined);
  await expect(poll).rejects.toThrow("the change takes longer than the deadline allows");
});
