/* The queue of shortest paths: nodes leave by distance, whatever happened to it while they waited. */
#include "support.h"

#include "exact/node_queue.h"

enum { NODES = 200 };

static void lower(alf_node_queue *queue, int64_t *distance, int32_t node, int64_t to)
{
  distance[node] = to;
  alf_node_queue_lower(queue, node);
}

static void test_order(void **state)
{
  (void)state;
  int64_t distance[NODES] = {0};
  alf_node_queue queue = {0};
  alf_error err = {0};
  assert_ok(alf_node_queue_alloc(&queue, NODES, distance, &err), &err);
  for (int round = 0; round < 2; round++) {
    for (int32_t k = 0; k < NODES; k++)
      lower(&queue, distance, k, 1000 + k * 37 % 101);
    for (int32_t k = 0; k < NODES; k += 3)
      lower(&queue, distance, k, distance[k] - k % 500);
    int64_t last = INT64_MIN;
    for (int32_t n = 0; n < (round ? NODES : NODES / 2); n++) {
      int32_t node = alf_node_queue_take(&queue);
      assert_in_range(node, 0, NODES - 1);
      assert_true(distance[node] >= last);
      last = distance[node];
      distance[node] = INT64_MIN; /* seen: nobody comes twice */
    }
    alf_node_queue_clear(&queue);
    assert_int_equal(alf_node_queue_take(&queue), -1);
  }
  alf_node_queue_free(&queue);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
