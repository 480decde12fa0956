/** A JSON Schema, as far as this page shows it. */
export type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly pattern?: string
}

export type Parameter = {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>
export type Response = {
  readonly $ref?: string
  readonly description?: string
  readonly headers?: Readonly<Record<string, { readonly description?: string }>>
  readonly content?: Content
}

export type Operation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly security: readonly Readonly<Record<string, unknown>>[]
  readonly 'x-role'?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, Response>>
}

/** `/openapi.json`. */
export type OpenApi = {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly {
    readonly name: string
    readonly description?: string
    readonly externalDocs?: { readonly url: string; readonly description: string }
  }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly responses: Readonly<Record<string, Response>>
  }
}

/** `/asyncapi.json`. */
export type AsyncApi = {
  readonly info: { readonly description: string }
  readonly channels: Readonly<
    Record<
      string,
      { readonly address: string; readonly title: string; readonly servers: readonly Schema[] }
    >
  >
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly action: 'send' | 'receive'
        readonly description?: string
        readonly reply?: { readonly channel: { readonly $ref: string } }
      }
    >
  >
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly payload: Schema }>>
  }
}

/** The last name of a reference. */
export const nameIn = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1)
