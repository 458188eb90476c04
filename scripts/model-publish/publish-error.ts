/** Why a model is not published, in words for whoever publishes it. */
export class PublishError extends Error {
  override readonly name = "PublishError";
}
