import { GcsBackend, TerraformStack, Testing } from "cdktf";
import { addBootstrapBackend, BOOTSTRAP_STATE } from "../../stacks/bootstrap-state";

function backend(place?: string) {
  const stack = new TerraformStack(Testing.app(), "bootstrap-staging");
  const addRemote = () => new GcsBackend(stack, { bucket: "state", prefix: "bootstrap-staging" });
  addBootstrapBackend(stack, addRemote, { [BOOTSTRAP_STATE]: place });
  return JSON.parse(Testing.synth(stack)).terraform.backend;
}

describe("the state of a bootstrap stack", () => {
  test.each([undefined, ""])("lives in its bucket where the variable is %p", (place) => {
    expect(backend(place)).toEqual({ gcs: { bucket: "state", prefix: "bootstrap-staging" } });
  });

  test("is a file for the first deploy", () => {
    expect(backend("local").local.path).toBe(`${process.cwd()}/terraform.bootstrap-staging.tfstate`);
  });

  test("lives nowhere else", () => {
    expect(() => backend("s3")).toThrow(/MOODLE_PLATFORM_BOOTSTRAP_STATE.*"local", or unset/s);
  });
});
