"""Public names of TensorFlow 1 that TensorFlow 2 does not have: what ``tf.compat.v1`` holds beyond ``tf`` in 2.21.

Left out: names that TensorFlow 2 had up to 2.15, when ``tf.losses`` and ``tf.metrics`` were those of Keras
(``mean_squared_error``), and names that only TensorFlow itself uses. Added: ``contrib`` and ``examples``, which went
away whole, and names that had gone before the last release of TensorFlow 1 (``merge_all_summaries``).
"""

# Module below ``tensorflow`` -> names; "" is ``tensorflow`` itself.
REMOVED_NAMES = {
    "": r"""
    AUTO_REUSE AttrValue ConditionalAccumulator ConfigProto Dimension FIFOQueue FixedLenFeature
    FixedLenSequenceFeature FixedLengthRecordReader GPUOptions GraphDef GraphKeys GraphOptions IdentityReader
    InteractiveSession MetaGraphDef NoGradient NodeDef NotDifferentiable OpError OptimizerOptions PaddingFIFOQueue
    Print PriorityQueue QueueBase RandomShuffleQueue RunMetadata RunOptions Session SparseFeature SparseTensorValue
    Summary TFRecordReader TextLineReader VarLenFeature VariableScope WholeFileReader accumulate_n
    add_check_numerics_ops add_to_collections? all_variables angle app arg_max arg_min assert_greater_equal
    assert_integer assert_less_equal assert_near assert_negative assert_non_negative assert_non_positive
    assert_none_equal assert_positive assert_rank_at_least assert_rank_in assert_scalar assert_type
    assert_variables_initialized assign(?:_add|_sub)? batch_gather batch_to_space_nd betainc bincount ceil
    check_numerics cholesky(?:_solve)? clip_by_average_norm colocate_with confusion_matrix conj contrib
    convert_to_tensor_or_sparse_tensor count_nonzero count_up_to create_partitioned_variables cross cumprod
    decode_(?:base64|compressed|csv|json_example|raw) depth_to_space dequantize diag(?:_part)? digamma
    dimension_value disable_(?:control_flow_v2|eager_execution|resource_variables|tensor_equality|v2_behavior)
    distributions div(?:_no_nan)? enable_(?:control_flow_v2|eager_execution|resource_variables|v2_behavior)
    encode_base64 erfc? examples expm1 extract_image_patches fft[23]?d? fixed_size_partitioner flags floor_div
    floordiv floormod get_collection(?:_ref)? get_default_graph get_default_session get_local_variable get_seed
    get_variable(?:_scope)? gfile global_norm global_variables(?:_initializer)? glorot_normal_initializer
    glorot_uniform_initializer ifft[23]?d? imag initialize_all_tables initialize_all_variables
    initialize_local_variables initialize_variables invert_permutation is_finite is_inf is_nan is_non_decreasing
    is_numeric_tensor is_strictly_increasing is_variable_initialized layers lbeta lgamma lin_space local_variables
    local_variables_initializer log log1p log_sigmoid logging logical_xor make_template matching_files
    matrix_(?:band_part|determinant|diag|diag_part|inverse|set_diag|solve|solve_ls|transpose|triangular_solve)
    merge_all_summaries mod model_variables moving_average_variables mul multinomial no_regularizer op_scope
    orthogonal_initializer pack parse_example parse_single_example parse_tensor placeholder
    placeholder_with_default polygamma py_func python_io qr quantize_v2 random_crop random_gamma random_normal
    random_poisson random_shuffle random_uniform read_file real reciprocal
    reduce_join regex_replace report_uninitialized_variables reset_default_graph reverse_v2 rint rsqrt
    scatter_(?:add|div|max|min|mul|nd_add|nd_sub|nd_update|sub|update) segment_(?:max|mean|min|prod|sum)
    self_adjoint_eig(?:vals)? serialize_tensor set_random_seed setdiff1d space_to_depth
    sparse_(?:add|concat|fill_empty_rows|matmul|maximum|merge|minimum|placeholder|reduce_max|reduce_sum|reorder)
    sparse_(?:reset_shape|reshape|retain|slice|softmax|split|tensor_dense_matmul|tensor_to_dense|to_dense|transpose)
    spectral squared_difference string_join string_split string_strip string_to_hash_bucket\w* string_to_number sub
    substr svd tables_initializer tensor_scatter_add tensor_scatter_sub to_bfloat16 to_complex\d+ to_double to_float
    to_int32 to_int64 trace trainable_variables truncated_normal(?:_initializer)? uniform_unit_scaling_initializer
    unsorted_segment_\w+ user_ops variable_axis_size_partitioner variable_op_scope variable_scope
    variables_initializer variance_scaling_initializer verify_tensor_all_finite where_v2 write_file zeta
    """,
    "train": r"""
    \w*Optimizer CheckpointSaverHook CheckpointSaverListener ChiefSessionCreator FeedFnHook FinalOpsHook
    LoggingTensorHook MonitoredSession MonitoredTrainingSession NanTensorHook NewCheckpointReader ProfilerHook
    QueueRunner Saver Scaffold Server SessionManager SessionRunArgs SessionRunHook SingularMonitoredSession
    StepCounterHook StopAtStepHook SummarySaverHook SummaryWriter Supervisor add_queue_runner batch(?:_join)?
    checkpoint_exists cosine_decay(?:_restarts)? create_global_step exponential_decay export_meta_graph
    get_global_step get_or_create_global_step global_step import_meta_graph init_from_checkpoint input_producer
    inverse_time_decay limit_epochs linear_cosine_decay match_filenames_once natural_exp_decay noisy_linear_cosine_decay
    piecewise_constant(?:_decay)? polynomial_decay range_input_producer replica_device_setter shuffle_batch(?:_join)?
    slice_input_producer start_queue_runners string_input_producer summary_iterator warm_start write_graph
    """,
    "nn": r"""
    bidirectional_dynamic_rnn bidirectional_rnn conv2d_backprop_filter conv2d_backprop_input ctc_loss_v2
    depthwise_conv2d_native dynamic_rnn fused_batch_norm raw_rnn relu_layer rnn rnn_cell seq2seq
    softmax_cross_entropy_with_logits_v2 static_bidirectional_rnn static_rnn static_state_saving_rnn
    uniform_candidate_sampler xw_plus_b
    """,
    "summary": "FileWriter FileWriterCache Summary get_summary_description merge merge_all tensor_summary",
    "losses": r"""
    absolute_difference add_loss compute_weighted_loss cosine_distance get_losses get_regularization_loss(?:es)?
    get_total_loss hinge_loss huber_loss log_loss mean_pairwise_squared_error sigmoid_cross_entropy
    softmax_cross_entropy sparse_softmax_cross_entropy
    """,
    "metrics": "accuracy auc mean mean_iou precision recall root_mean_squared_error true_positives false_positives",
    "image": r"resize_(?:area|bicubic|bilinear|images?\w*|nearest_neighbor) extract_image_patches transpose_image",
    "io": "tf_record_iterator",
    "data": "get_output_classes get_output_shapes get_output_types make_initializable_iterator make_one_shot_iterator",
    "saved_model": r"""
    Builder build_signature_def build_tensor_info builder loader main_op predict_signature_def
    signature_constants signature_def_utils simple_save tag_constants utils
    """,
    "estimator": "inputs",
    "random": "get_seed multinomial set_random_seed",
    "graph_util": "convert_variables_to_constants extract_sub_graph remove_training_nodes",
}
