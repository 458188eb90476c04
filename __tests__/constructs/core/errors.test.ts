import { ConfigurationError, refuse } from "../../../constructs/core/errors";

const fault = { path: "zones", given: ["a"], allowed: "3 zones", remedy: "name more zones" };

test("an error shows the four parts of a fault", () => {
  expect(new ConfigurationError([fault]).message).toBe(
    [
      "the configuration has 1 fault",
      "  zones",
      '    given:   ["a"]',
      "    allowed: 3 zones",
      "    remedy:  name more zones",
    ].join("\n"),
  );
});

test("an error counts its faults", () => {
  expect(new ConfigurationError([fault, fault]).message).toMatch(/^the configuration has 2 faults\n/);
});

test("a value that was left out is called nothing", () => {
  expect(new ConfigurationError([{ ...fault, given: undefined }]).message).toContain("given:   nothing");
});

test("a construct's refusal names the construct", () => {
  expect(() => refuse("staging/vpc", fault)).toThrow("  staging/vpc.zones\n");
});
