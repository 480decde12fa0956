/** One of Paho's interoperability tests, and why it does not pass where it does not. */
export type PahoTest = {
  readonly module: 'client_test' | 'client_test5'
  readonly name: string
  /** Absent: it passes. */
  readonly fails?: string
}

const of =
  (module: PahoTest['module']) =>
  (name: string, fails?: string): PahoTest => ({
    module,
    name,
    ...(fails === undefined ? {} : { fails }),
  })
const three = of('client_test')
const five = of('client_test5')

/** github:eclipse/paho.mqtt.testing, interoperability; against a broker of open topics behind our front. */
export const PAHO_TESTS: readonly PahoTest[] = [
  three('testBasic'),
  three('test_retained_messages'),
  three('will_message_test'),
  three('test_zero_length_clientid'),
  three('test_offline_message_queueing'),
  three('test_overlapping_subscriptions'),
  three('test_keepalive'),
  three('test_redelivery_on_reconnect'),
  three('test_subscribe_failure'),
  three('test_dollar_topics'),
  three('test_unsubscribe'),
  five('test_basic'),
  five('test_retained_message'),
  five('test_will_message'),
  five('test_zero_length_clientid'),
  five('test_offline_message_queueing'),
  five('test_overlapping_subscriptions'),
  five('test_keepalive'),
  five('test_redelivery_on_reconnect'),
  five('test_subscribe_failure'),
  five('test_dollar_topics'),
  five('test_unsubscribe'),
  five('test_session_expiry'),
  five('test_user_properties'),
  five('test_payload_format'),
  five('test_publication_expiry'),
  five('test_subscribe_options'),
  five('test_assigned_clientid'),
  five('test_subscribe_identifiers'),
  five('test_request_response'),
  five('test_client_topic_alias'),
  five('test_server_topic_alias'),
  five('test_maximum_packet_size'),
  five('test_server_keep_alive'),
  five('test_flow_control1'),
  five('test_flow_control2'),
  five('test_will_delay'),
  five('test_shared_subscriptions', 'there are none: CONNACK says so'),
]
